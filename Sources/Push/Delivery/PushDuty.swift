package import Cluster
import MatrixCore
package import Storage
import Telemetry

/// Sends notifications to push gateways: a slot for each shard of the log, whose rooms' events it follows.
///
/// A notification that a gateway takes at once is written nowhere: until it is through, the slot's cursor stays before its
/// event. One that fails is written down, so that the cursor can go on, and is tried again and again with longer pauses.
package struct PushDuty: Duty {
    package let name = "push"
    private let services: PushServices
    private let courier: PushCourier
    private let search: PushSlot.RecipientSearch
    /// How long events are gathered, so that those of all slots cost one query. A notification is not late by that.
    private static let moment = Duration.milliseconds(50)

    package init(_ services: PushServices) {
        self.services = services
        search = SharedQuestions(moment: Self.moment, clock: services.telemetry.clock)
        courier = PushCourier(services)
    }

    package var slotCount: Int { Int(services.feed.installation.shardCount) }
    /// Nobody is told of the past.
    package var start: LogVector? { services.feed.heads }

    package func run(_ lease: DutyLease) async throws {
        let slot = PushSlot(lease, services, courier, search)
        // Said at once: whoever takes over goes on from here, and not from when they began.
        try await slot.take(upTo: slot.start)
        let waiting = try await services.pushers.backlog(of: slot.shard)
        try await withThrowingDiscardingTaskGroup { group in
            for push in waiting {
                let isNew = try await slot.add(QueuedPush(pusher: push.pusher, event: push, position: nil))
                if isNew { group.addTask { await slot.work(on: push.pusher) } }
            }
            // Of the other shards nothing is to be read.
            var cursor = LogVector(Array(repeating: Int64.max, count: slotCount))
            cursor[slot.shard] = slot.start
            var follower = LogFollower(feed: services.feed, from: cursor)
            while !Task.isCancelled {
                let rows = try await follower.next()
                for push in try await slot.pushes(for: rows) {
                    if try await slot.add(push) { group.addTask { await slot.work(on: push.pusher) } }
                }
                try await slot.take(upTo: follower.cursor[slot.shard])
            }
        }
    }
}
