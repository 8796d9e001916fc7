package import Cluster
package import HTTPAPI
package import Rooms
package import Storage
package import Telemetry

/// What the push duty works with.
package struct PushServices: Sendable {
    package let notifications: Notifications
    package let pushers: PusherStore
    package let receipts: ReceiptStore
    package let rooms: RoomService
    package let feed: LogFeed
    package let requests: any OutboundRequests
    package let telemetry: Telemetry

    package init(
        notifications: Notifications, pushers: PusherStore, receipts: ReceiptStore, rooms: RoomService, feed: LogFeed,
        requests: any OutboundRequests, telemetry: Telemetry
    ) {
        self.notifications = notifications
        self.pushers = pushers
        self.receipts = receipts
        self.rooms = rooms
        self.feed = feed
        self.requests = requests
        self.telemetry = telemetry.labelled("push")
    }
}
