package import Cluster
import Logging
import MatrixCore
package import Storage
package import Telemetry

/// Fetches the device lists of users of other servers that are wanted: a slot for each shard, whose users it takes.
///
/// A server that does not answer is asked again after pauses that grow, for as long as a room is shared with the user; who cannot be
/// asked for days is given up, until somebody asks for the user again.
package struct DeviceResyncDuty: Duty {
    package let name = "device-resync"
    /// Users of a shard whose lists are fetched at the same time.
    private static let maxAtOnce = 4
    private static let patience = Duration.seconds(30)
    private static let firstPause = Duration.seconds(10)
    private static let longestPause = Duration.seconds(3600)
    private static let maxAttempts = 100
    private static let pauseAfterFailure = Duration.seconds(1)
    /// Between two steps through the lists that are kept.
    private static let sweepInterval = Duration.seconds(300)

    package let slotCount: Int
    private let lists: RemoteDeviceLists
    private let store: RemoteDeviceStore
    private let source: any RemoteDeviceSource
    private let telemetry: Telemetry

    /// - Parameter shardCount: of the installation's log.
    package init(
        _ lists: RemoteDeviceLists, store: RemoteDeviceStore, source: any RemoteDeviceSource, shardCount: Int16,
        telemetry: Telemetry
    ) {
        self.lists = lists
        self.store = store
        self.source = source
        self.telemetry = telemetry.labelled("device-lists")
        slotCount = Int(shardCount)
    }

    package func run(_ lease: DutyLease) async throws {
        let shard = Int16(lease.slot)
        await withDiscardingTaskGroup { group in
            if shard == 0 { group.addTask { await sweep() } }
            await lists.slots.work(in: shard, atMost: Self.maxAtOnce, by: \.user) { await work(on: $0) }
            group.cancelAll()
        }
    }

    /// Looks for what is due, with one question for all slots.
    package func runBeside() async {
        await lists.slots.look {
            try await store.due(in: $0, now: telemetry.clock.nowMilliseconds)
        } onFailure: { error in
            telemetry.log.warning("device lists that are wanted could not be looked for", [.cause: "\(error)"])
        }
    }

    private func work(on resync: DueDeviceResync) async {
        do {
            try await lists.fetch(resync, from: source, within: Self.patience)
        } catch {
            guard !Task.isCancelled else { return }
            telemetry.log.debug(
                "a device list could not be fetched", [.userID: "\(resync.userID)", .cause: "\(error)"])
            await postpone(resync)
        }
    }

    private func postpone(_ resync: DueDeviceResync) async {
        let attempts = resync.attempts + 1
        do {
            guard attempts < Self.maxAttempts else { return try await store.forget(resync.user) }
            let pause = min(Self.firstPause * (1 << min(resync.attempts, 16)), Self.longestPause)
            try await store.postpone(
                resync, attempts: attempts,
                until: telemetry.clock.nowMilliseconds + telemetry.random.jittered(pause).wholeMilliseconds)
        } catch {
            guard !Task.isCancelled else { return }
            telemetry.log.warning("a device list is tried again at once", [.cause: "\(error)"])
            try? await telemetry.clock.sleep(for: Self.pauseAfterFailure)
        }
    }

    /// Lets lists go with whose users no room is shared any more: they count for nothing, and only take room.
    private func sweep() async {
        var last = UserNID(0)
        while (try? await telemetry.clock.sleep(for: Self.sweepInterval)) != nil {
            do {
                last = try await store.sweep(after: last) ?? UserNID(0)
            } catch {
                telemetry.log.debug("device lists could not be looked through", [.cause: "\(error)"])
            }
        }
    }
}
