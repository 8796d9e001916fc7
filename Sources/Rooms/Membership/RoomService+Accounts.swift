import MatrixCore
package import Storage
import Telemetry

/// What happens in rooms because something happened to an account.
extension RoomService {
    /// Says a user's new name and avatar in all rooms that they are in. What else their member events say stays.
    ///
    /// A room that refuses does not keep the others from hearing of it.
    package func showProfile(_ profile: MemberProfile, of user: UserRecord) async throws {
        for room in try await rooms(of: user, with: [.join]) {
            guard let current = try await reader.current(room)?.event(EventType.member, user.userID.description) else {
                continue
            }
            guard case .object(var content) = current.event.content.value() else { continue }
            content["displayname"] = profile.displayName.map { .string($0) }
            content["avatar_url"] = profile.avatarURL.map { .string($0) }
            content["reason"] = nil
            content["join_authorised_via_users_server"] = nil
            let draft = try EventDraft(
                sender: user, type: EventType.member, stateKey: user.userID.description, content: .object(content))
            do { _ = try await send(draft, in: room) } catch let refusal as MatrixError {
                writing.telemetry.log.warning(
                    "a room refused a profile", [.roomID: "\(room.roomID)", .cause: refusal.message])
            }
        }
    }

    /// Leaves every room, and refuses every invite.
    package func leaveAll(_ user: UserRecord) async throws {
        for room in try await rooms(of: user, with: [.join, .invite, .knock]) {
            do { try await leave(room.roomID, as: user) } catch let refusal as MatrixError {
                writing.telemetry.log.warning(
                    "a room could not be left", [.roomID: "\(room.roomID)", .cause: refusal.message])
            }
        }
    }

    private func rooms(of user: UserRecord, with memberships: Set<Membership>) async throws -> [RoomRecord] {
        let records = try await reader.memberships.memberships(of: user.nid).filter {
            memberships.contains($0.membership)
        }
        return Array(try await reader.store.rooms(records.map(\.roomNID)).values)
    }
}
