import ApusTesting
import Glibc
import MatrixCore
import RoomsTesting
import Storage
import Telemetry
import Testing

/// Whatever happens in rooms, through whichever workers and on other servers, and however clients ask, by either protocol: what each
/// has put together is the server's state and the timeline that its user may see, each event once, and what is unread of it.
///
/// `APUS_SYNC_SEEDS` names other seeds than the few of each run, such as `1-40`.
struct SyncPropertyTests {
    private static let seeds: [UInt64] = {
        let named = getenv("APUS_SYNC_SEEDS").map { String(cString: $0) } ?? "1-6"
        let ends = named.split(separator: "-").compactMap { UInt64($0) }
        guard let first = ends.first, let last = ends.last, first <= last else { return [] }
        return Array(first...last)
    }()

    @Test(arguments: seeds)
    func clientsPutTogetherWhatTheyMaySee(seed: UInt64) async throws {
        let differences = try await FollowingRun.differences(seed: seed, steps: 240)
        #expect(differences == [], "seed \(seed)")
    }

    /// What these tests are worth: where timelines are not what they have to be, they say so.
    @Test(arguments: TimelineAccident.allCases.filter { $0 != .none })
    func whatIsWrongIsNoticed(accident: TimelineAccident) async throws {
        let differences = try await FollowingRun.differences(seed: 1, steps: 100, accident: accident)
        #expect(!differences.isEmpty)
    }
}

/// Users who act at random, with clients that follow at random.
private struct FollowingRun: Sendable {
    /// Answers of a client that may have been lost since.
    private static let maxEarlier = 6
    /// Differences that somebody reads.
    private static let maxTold = 12

    private var activity: RandomActivity
    private var clients: [any FollowingClient] = []
    /// What clients were before their last answers, the newest last.
    private var earlier: [Int: [any FollowingClient]] = [:]

    /// What is not as it has to be after so many steps.
    static func differences(
        seed: UInt64, steps: Int, accident: TimelineAccident = .none
    ) async throws -> [String] {
        let found = Found()
        try await TestInstallation.with { installation in
            try await installation.withWorker { one in
                try await installation.withWorker { two in
                    var run = try await FollowingRun(seed: seed, [one, two], accident)
                    for _ in 0..<steps { try await run.step() }
                    await found.add(try await run.finish(through: nil))
                    // A worker that has just begun knows nothing but what is stored.
                    try await installation.withWorker { [run] cold in
                        var run = run
                        await found.add(try await run.finish(through: cold))
                    }
                }
            }
        }
        return Array(await found.differences.prefix(maxTold))
    }

    private actor Found {
        private(set) var differences: [String] = []

        func add(_ more: [String]) { differences += more }
    }

    private init(seed: UInt64, _ workers: [TestWorker], _ accident: TimelineAccident) async throws {
        activity = try await RandomActivity(seed: seed, workers)
        for user in activity.users {
            for number in 0..<3 {
                clients.append(
                    SyncClient(
                        user, device: "D\(number)", owner: activity.owner.userID, unwanted: activity.rooms[2],
                        activity.random))
            }
            for number in 0..<2 {
                clients.append(
                    SlidingClient(
                        user, connection: "\(number)", subscribable: activity.rooms, activity.random))
            }
        }
        for index in clients.indices { clients[index].accident = accident }
    }

    private var random: SeededRandomSource { activity.random }

    private mutating func step() async throws {
        if random.number(below: 5) < 2 { try await follow() } else { try await activity.act() }
    }

    private mutating func follow() async throws {
        let index = Int(random.number(below: UInt64(clients.count)))
        // Answers got lost, or the client was put back: it asks again from where it was.
        if random.number(below: 5) == 0, let before = earlier[index], !before.isEmpty {
            clients[index] = random.number(below: 2) == 0 ? before[before.count - 1] : activity.any(before)
        }
        earlier[index] = Array((earlier[index] ?? []).suffix(Self.maxEarlier - 1)) + [clients[index]]
        try await clients[index].follow(through: activity.worker, random)
    }

    /// Lets all clients catch up, and compares.
    ///
    /// - Parameter only: the worker that is asked; `nil` for any.
    private mutating func finish(through only: TestWorker?) async throws -> [String] {
        var comparison = try await Comparison(of: activity, only ?? activity.workers[0])
        var differences: [String] = []
        for index in clients.indices {
            try await clients[index].catchUp(through: only ?? activity.worker)
            try await comparison.compare(clients[index])
            // Nothing more to tell.
            let before = clients[index].rooms.mapValues { $0.pieces.map(\.ids) }
            try await clients[index].catchUp(through: only ?? activity.worker)
            for (room, pieces) in clients[index].rooms where pieces.pieces.map(\.ids) != before[room] {
                differences.append("told without news: \(room), \(clients[index].name)")
            }
        }
        return comparison.differences + differences
    }
}
