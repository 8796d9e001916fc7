package import Cluster
import Logging
package import Storage
package import Telemetry

/// Lets go of what is of no use any more, in small steps: transactions that nobody tries again, inboxes of deleted devices, and
/// messages for servers that have been out of reach for too long.
package final class DeviceMessageUpkeep: Duty {
    package let name = "device-messages"
    package let slotCount = 1
    private static let interval = Duration.seconds(60)
    /// Between two steps, so that others come in between.
    private static let pause = Duration.milliseconds(20)

    private let messages: DeviceMessageStore
    private let outgoing: OutgoingEDUStore
    private let shardCount: Int16
    private let telemetry: Telemetry

    /// - Parameter shardCount: of the installation's log.
    package init(
        messages: DeviceMessageStore, outgoing: OutgoingEDUStore, shardCount: Int16, telemetry: Telemetry
    ) {
        self.messages = messages
        self.outgoing = outgoing
        self.shardCount = shardCount
        self.telemetry = telemetry.labelled("to-device")
    }

    package func run(_ lease: DutyLease) async throws {
        while !Task.isCancelled {
            try await sweep()
            try await telemetry.clock.sleep(for: Self.interval)
        }
    }

    /// One round over everything.
    package func sweep() async throws {
        let now = telemetry.clock.nowMilliseconds
        try await repeating { try await messages.purgeKnown(before: now) }
        while try await messages.sweepAbandoned() > 0 { try await rest() }
        for shard in 0..<shardCount {
            try await repeating { try await outgoing.dropExpired(of: shard, now: now) }
        }
        try await repeating { try await outgoing.dropExcess() }
    }

    /// Goes on for as long as a step has as much to do as it may.
    private func repeating(_ step: () async throws -> Int64) async throws {
        while try await step() >= DeviceMessageStore.maxPurged { try await rest() }
    }

    private func rest() async throws { try await telemetry.clock.sleep(for: Self.pause) }
}
