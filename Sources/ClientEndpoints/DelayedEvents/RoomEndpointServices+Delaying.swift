import HTTPAPI
import MatrixCore
import Rooms

extension RoomEndpointServices {
    /// Keeps an event for later, after the checks that do not depend on when it is sent.
    ///
    /// - Returns: its delay id.
    func schedule(
        _ content: JSONView, _ type: String, stateKey: String?, in roomID: RoomID, after delayMilliseconds: Int64,
        stickyMilliseconds: Int64?, transactionID: String?, by caller: LocalUser
    ) async throws -> String {
        if let stateKey {
            try permitState(StateKey(type, stateKey), content, by: caller)
            if type == EventType.canonicalAlias {
                try await CanonicalAliasCheck(rooms: rooms, aliases: aliases).check(content, of: roomID)
            }
        } else {
            let redacts = type == EventType.redaction ? content["redacts"]?.string.flatMap { EventID($0) } : nil
            try await permitRedaction(of: redacts, in: roomID, by: caller)
        }
        var event = DelayedEventRequest(
            roomID: roomID, type: type, stateKey: stateKey, content: content, delayMilliseconds: delayMilliseconds,
            device: caller.deviceID, transactionID: transactionID)
        event.stickyMilliseconds = stickyMilliseconds
        return try await delayed.schedule(event, by: try await rooms.user(caller.userNID))
    }

    /// The same for clients that ask with `/send` and `/state`: those know a delay that is too long by another error.
    func schedule(
        _ content: JSONView, _ type: String, stateKey: String?, in roomID: RoomID, after delayMilliseconds: Int64,
        _ options: SendingOptions, transactionID: String?, by caller: LocalUser
    ) async throws -> SentEvent {
        do {
            return .delayed(
                try await schedule(
                    content, type, stateKey: stateKey, in: roomID, after: delayMilliseconds,
                    stickyMilliseconds: options.stickyMilliseconds, transactionID: transactionID, by: caller))
        } catch let error as MatrixError where error.fields["org.matrix.msc4140.errcode"] != nil {
            throw MatrixError(.unknown, error.message, status: 400, fields: error.fields)
        }
    }
}
