import Cluster
package import DeviceMessages
package import Encryption
package import Ephemeral
package import FederationAPI
import MatrixCore
package import Rooms
package import Storage
package import Telemetry

/// What taking in transactions of other servers works with.
package struct InboundServices: Sendable {
    /// How soon events are found that another worker has staged.
    private static let pollInterval = Duration.seconds(1)

    package let rooms: RoomService
    package let staged: InboundEventStore
    package let verifier: EventVerifier
    package let client: FederationClient
    package let states: RemoteState
    package let typing: Typing
    package let receipts: Receipts
    package let telemetry: Telemetry
    /// `nil` where nobody is told who is online.
    package var presence: Presence?
    /// `nil` where nobody keeps messages to devices.
    package var toDevice: ToDeviceSending?
    /// `nil` where nobody keeps device lists of other servers' users.
    package var deviceLists: RemoteDeviceLists?
    let events: RemoteEvents
    let metrics: InboundMetrics
    /// Rooms whose waiting events are due.
    let slots: DueSlots<RoomID>

    package init(
        rooms: RoomService, staged: InboundEventStore, verifier: EventVerifier, client: FederationClient,
        states: RemoteState, typing: Typing, receipts: Receipts, telemetry: Telemetry
    ) {
        self.rooms = rooms
        self.staged = staged
        self.verifier = verifier
        self.client = client
        self.states = states
        self.typing = typing
        self.receipts = receipts
        self.telemetry = telemetry.labelled("inbound")
        events = RemoteEvents(client: client, verifier: verifier)
        metrics = InboundMetrics(telemetry.metrics)
        slots = DueSlots(pollInterval: Self.pollInterval, clock: telemetry.clock)
    }

    var log: Log { telemetry.log }
    var now: Int64 { telemetry.clock.nowMilliseconds }
}
