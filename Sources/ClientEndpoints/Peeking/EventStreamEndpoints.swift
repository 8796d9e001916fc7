package import HTTPAPI

/// The endpoints from before there was sync, by which rooms are also looked into from outside.
package enum EventStreamEndpoints {
    package static let all: [any Endpoint<EventStreamServices>.Type] = [
        InitialSync.self, PeekEvents.self, RoomInitialSync.self,
    ]
}
