package import Ephemeral
package import HTTPAPI
package import Sync

/// What the endpoints about following rooms work with.
package struct SyncEndpointServices: Sendable {
    let sync: SyncService
    let sliding: SlidingSyncService
    let threads: ThreadSubscriptions
    let keyChanges: KeyChanges
    let typing: RoomTyping
    let receipts: Receipts
    /// `nil` where nobody is told who is online.
    let presence: Presence?

    package init(
        sync: SyncService, sliding: SlidingSyncService, threads: ThreadSubscriptions, keyChanges: KeyChanges,
        typing: RoomTyping, receipts: Receipts, presence: Presence? = nil
    ) {
        self.sync = sync
        self.sliding = sliding
        self.threads = threads
        self.keyChanges = keyChanges
        self.typing = typing
        self.receipts = receipts
        self.presence = presence
    }

    /// The caller does something that only somebody who is there does.
    func noteActivity(of caller: LocalUser) async {
        await presence?.noteActivity(of: caller.userID, caller.userNID, device: caller.deviceID)
    }
}

/// The endpoints about following rooms, and what is only of the moment there.
package enum SyncEndpoints {
    package static let all: [any Endpoint<SyncEndpointServices>.Type] = [
        Synchronise.self, SetTyping.self, PostReceipt.self, SetReadMarker.self, SlidingSync.self,
        SubscribeToThread.self, UnsubscribeFromThread.self, GetThreadSubscription.self, GetThreadSubscriptions.self,
        GetKeysChanges.self,
    ]
}
