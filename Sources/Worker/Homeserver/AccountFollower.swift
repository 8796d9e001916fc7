import Accounts
import MatrixCore
import Rooms
import Storage
import Telemetry

/// Carries what happens to accounts into the rooms of their users.
struct AccountFollower: AccountObserver {
    let rooms: RoomService
    let log: Log

    func accountWasDeactivated(_ user: UserRecord, erased: Bool) async {
        do { try await rooms.leaveAll(user) } catch {
            log.warning("a deactivated user is still in rooms", [.userID: "\(user.userID)", .cause: "\(error)"])
        }
    }
}
