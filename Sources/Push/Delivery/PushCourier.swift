import HTTPAPI
import MatrixCore
import Rooms
import Storage
import Telemetry

/// Takes one notification to its gateway: reads what is true now, writes the body, posts it.
struct PushCourier: Sendable {
    private let services: PushServices
    private let unread: UnreadTotal
    private let gateway: Gateway

    init(_ services: PushServices) {
        self.services = services
        unread = UnreadTotal(receipts: services.receipts, reader: services.rooms.reader)
        gateway = Gateway(requests: services.requests, clock: services.telemetry.clock)
    }

    /// Delivers a notification. Returns when there is nothing more to do about it: also when the pusher is gone, or the
    /// user is not to see the event.
    ///
    /// - Throws: when another attempt may help.
    func deliver(_ push: QueuedPush) async throws {
        guard let pusher = try await services.pushers.pusher(push.pusher),
            let data = try? JSONDocument(parsing: pusher.data), let url = data["url"]?.string.flatMap(Gateway.url)
        else { return }
        let user = try await services.rooms.user(push.pusher.userNID)
        var subject: NotificationBody.Subject?
        if let event = push.event {
            let found =
                event.isInvite
                ? try await invite(to: event.roomNID, of: user)
                : try await self.subject(event.eventNID, in: event.roomNID, for: user)
            guard let found else { return }
            subject = found
        }
        let body = NotificationBody(
            pusher: pusher, data: data, unread: try await unread.count(of: user.nid), subject: subject)
        switch try await gateway.send(body.bytes, to: url) {
        case .taken(let rejected):
            guard rejected.contains(pusher.key.pushkey) else { return }
            services.telemetry.log.info("a push gateway rejected a key", [.host: url.host, .userID: "\(user.userID)"])
            try await services.pushers.delete(pusher.key)
        case .refused:
            services.telemetry.log.warning("a push gateway refused a notification", [.host: url.host])
        }
    }

    /// What is told about an event; `nil` when the user was not there to be told, or it is not shown.
    private func subject(
        _ nid: EventNID, in roomNID: RoomNID, for user: UserRecord
    ) async throws -> NotificationBody.Subject? {
        let rooms = services.rooms
        guard let room = try await rooms.reader.store.rooms([roomNID])[roomNID],
            let found = try await rooms.reader.events.event(nid, in: room), found.stored.flags.isShown,
            let root = found.stored.stateBefore
        else { return nil }
        let event = found.event
        let state = rooms.reader.snapshot(of: room, at: root)
        let isTarget = event.memberUserID == user.userID
        if !isTarget {
            guard try await state.membership(of: user.userID) == .join else { return nil }
        }
        // The rules may have been changed since: then this is not told any more.
        guard let outcome = try await services.notifications.outcome(for: user, event, state: state), outcome.notifies
        else { return nil }
        let (name, alias, sender) = (
            StateKey(EventType.name), StateKey(EventType.canonicalAlias),
            StateKey(EventType.member, event.sender.description)
        )
        let named = try await state.events([name, alias, sender])
        return NotificationBody.Subject(
            eventID: event.eventID, roomID: event.roomID, type: event.type, sender: event.sender,
            content: try rooms.content(of: found), isTarget: isTarget, tweaks: outcome.tweaks,
            senderDisplayName: named[sender]?.event.content["displayname"]?.string,
            roomName: named[name]?.event.content["name"]?.string,
            roomAlias: named[alias]?.event.content["alias"]?.string)
    }

    /// What is told about an invite to a room that we are not in; `nil` when it is not open any more, or not to be told.
    private func invite(to roomNID: RoomNID, of user: UserRecord) async throws -> NotificationBody.Subject? {
        let reader = services.rooms.reader
        guard let room = try await reader.store.rooms([roomNID])[roomNID],
            let (record, told) = try await reader.memberships.membership(of: user.nid, in: roomNID),
            record.membership == .invite, let told, let invite = ToldInvite(told, of: user.userID),
            let outcome = try await services.notifications.outcome(for: user, invitedBy: invite, to: room.roomID),
            outcome.notifies
        else { return nil }
        return NotificationBody.Subject(
            eventID: invite.eventID, roomID: room.roomID, type: EventType.member, sender: invite.sender,
            content: invite.content, isTarget: true, tweaks: outcome.tweaks,
            senderDisplayName: invite.displayName(of: invite.sender), roomName: invite.roomName,
            roomAlias: invite.roomAlias)
    }
}
