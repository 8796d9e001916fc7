package import Ephemeral
package import HTTPAPI
package import Sync

/// What the endpoints about following rooms work with.
package struct SyncEndpointServices: Sendable {
    let sync: SyncService
    let typing: RoomTyping
    let receipts: Receipts

    package init(sync: SyncService, typing: RoomTyping, receipts: Receipts) {
        self.sync = sync
        self.typing = typing
        self.receipts = receipts
    }
}

/// The endpoints about following rooms, and what is only of the moment there.
package enum SyncEndpoints {
    package static let all: [any Endpoint<SyncEndpointServices>.Type] = [
        Synchronise.self, SetTyping.self, PostReceipt.self, SetReadMarker.self,
    ]
}
