import ClientEndpoints
import Directory
import HTTPAPI
import MatrixCore
import Push
import Rooms
import RoomsTesting
import Storage
import Telemetry

/// What else tells of rooms: to those who are not in them, and of what one was notified about.
extension SyncAPI {
    static func besides(
        _ worker: RoomsWorker, _ directory: RoomDirectory, _ notifications: Notifications,
        in environment: EndpointEnvironment
    ) -> [ServedEndpoint] {
        let push = PushEndpointServices(
            rules: PushRules(
                store: PushRuleStore(pool: worker.pool), interning: worker.interning, feed: worker.feed,
                telemetry: worker.telemetry),
            pushers: Pushers(store: PusherStore(pool: worker.pool), telemetry: worker.telemetry),
            notifications: NotificationList(
                store: NotificationStore(pool: worker.pool), receipts: ReceiptStore(pool: worker.pool),
                rooms: worker.rooms, notifications: notifications, feed: worker.feed))
        let spaces = SpaceServices(
            rooms: worker.rooms,
            hierarchies: SpaceHierarchies(directory: directory, pages: HierarchyPageStore(pool: worker.pool)))
        return ServedEndpoint.all(PushEndpoints.all, with: push, in: environment)
            + ServedEndpoint.all(SpaceEndpoints.all, with: spaces, in: environment)
            + ServedEndpoint.all(DirectoryEndpoints.all, with: directory, in: environment)
            + ServedEndpoint.all(
                UpgradeEndpoints.all,
                with: UpgradeServices(
                    rooms: worker.rooms, upgrades: RoomUpgrades(rooms: worker.rooms, names: directory)),
                in: environment)
    }
}
