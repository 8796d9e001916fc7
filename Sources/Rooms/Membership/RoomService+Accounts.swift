package import MatrixCore
package import Storage
import Telemetry

/// What happens in rooms because something happened to an account.
extension RoomService {
    /// Says a user's name and avatar in a room that they are in, unless it shows them already. What else their member event
    /// says stays.
    ///
    /// That the room refuses is no error: others are to hear of it all the same.
    package func showProfile(_ profile: MemberProfile, of user: UserRecord, in roomNID: RoomNID) async throws {
        guard let room = try await reader.store.rooms([roomNID])[roomNID],
            let current = try await reader.current(room)?.event(EventType.member, user.userID.description),
            current.event.membership == .join, case .object(var content) = current.event.content.value(),
            content["displayname"]?.string != profile.displayName || content["avatar_url"]?.string != profile.avatarURL
        else { return }
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
