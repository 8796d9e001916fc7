package import Federation
package import HTTPAPI

/// What the endpoints about the history of rooms work with.
package struct RoomHistoryServices: Sendable {
    package let history: ServedHistory

    package init(history: ServedHistory) { self.history = history }
}

/// What servers that are in a room ask about it.
package enum RoomHistoryEndpoints {
    package static let all: [any Endpoint<RoomHistoryServices>.Type] = [
        BackfillRoom.self, GetEvent.self, GetEventAuth.self, GetEventByTimestamp.self, GetMissingPreviousEvents.self,
        GetFederatedRoomState.self,
        GetRoomStateIDs.self,
    ]
}
