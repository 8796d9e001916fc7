package import Cluster
package import Ephemeral
package import FederationAPI
package import Rooms
package import Storage
package import Telemetry

/// What the sending duty works with.
package struct SenderServices: Sendable {
    package let rooms: RoomService
    package let receipts: ReceiptStore
    package let typing: Typing
    package let destinations: DestinationStore
    package let heard: HeardServers
    package let feed: LogFeed
    package let client: FederationClient
    package let timeouts: Timeouts
    package let telemetry: Telemetry
    /// `nil` where nobody is told who is online.
    package var presence: VisiblePresence?
    /// What servers have to get besides events.
    package var durable: [any DurableMessages] = []
    /// `nil` where servers are told nothing of the devices of users with whom they begin to share a room.
    package var introductions: DeviceIntroductions?
    let roomServers: RoomServers

    package init(
        rooms: RoomService, receipts: ReceiptStore, typing: Typing, destinations: DestinationStore,
        heard: HeardServers, feed: LogFeed, client: FederationClient, timeouts: Timeouts, telemetry: Telemetry
    ) {
        self.rooms = rooms
        self.receipts = receipts
        self.typing = typing
        self.destinations = destinations
        self.heard = heard
        self.feed = feed
        self.client = client
        self.timeouts = timeouts
        self.telemetry = telemetry.labelled("sender")
        roomServers = RoomServers(
            store: destinations, interning: rooms.reader.interning, own: rooms.writing.localServerNID, feed: feed)
    }
}
