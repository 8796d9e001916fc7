import ApusTesting
import Cluster
import Ephemeral
import MatrixCore
import Synchronization
import Telemetry

/// Carries messages between the processes of a test at once, each with the next serial; those to processes that are cut off
/// are lost.
final class SharedHints: Sendable {
    private struct State {
        var serial: Int64 = 0
        var sent = 0
        var members: [Member] = []
    }

    private let state = Mutex(State())

    /// Messages that were sent by anybody.
    var sent: Int { state.withLock { $0.sent } }

    func join() -> Member {
        let member = Member(self)
        state.withLock { $0.members.append(member) }
        return member
    }

    fileprivate func send(_ payload: [UInt8]) {
        let (serial, members) = state.withLock { state in
            state.serial += 1
            state.sent += 1
            return (state.serial, state.members)
        }
        for member in members { member.deliver(payload, serial: serial) }
    }

    final class Member: HintBus {
        private typealias Receiver = @Sendable (Int64, [UInt8]) -> Void

        private let hints: SharedHints
        private let receivers = Mutex<[Receiver]>([])
        private let cut = Mutex(false)

        fileprivate init(_ hints: SharedHints) { self.hints = hints }

        /// From now on nothing comes here, and nothing goes out.
        func cutOff() { cut.withLock { $0 = true } }

        fileprivate func deliver(_ payload: [UInt8], serial: Int64) {
            guard !cut.withLock({ $0 }) else { return }
            for receive in receivers.withLock({ $0 }) { receive(serial, payload) }
        }

        var isConnected: Bool { true }
        func publish(_ payload: [UInt8], to channel: String) {}
        func subscribe(to channel: String, _ receive: @escaping @Sendable ([UInt8]) -> Void) {}
        func publishStamped(_ payload: [UInt8], to channel: String) async -> Bool {
            guard !cut.withLock({ $0 }) else { return true }
            hints.send(payload)
            return true
        }
        func subscribeStamped(
            to channel: String, _ receive: @escaping @Sendable (_ serial: Int64, _ payload: [UInt8]) -> Void
        ) {
            receivers.withLock { $0.append(receive) }
        }
        func observeConnection(_ connected: @escaping @Sendable () -> Void) {}
    }
}

/// Processes that know who is there, on one clock.
final class PresenceFixture: Sendable {
    static let alice = UserID("@alice:example.org")!
    static let bob = UserID("@bob:elsewhere.org")!
    static let aliceNID = UserNID(1)
    static let bobNID = UserNID(2)

    struct Process: Sendable {
        let presence: Presence
        let hints: SharedHints.Member
        let changes: Changes

        var alice: PresenceStatus? { presence.status(of: PresenceFixture.aliceNID) }

        func sync(_ device: String = "D", as state: PresenceState = .online, for timeout: Duration = .seconds(30)) async
        {
            await presence.heartbeat(
                PresenceFixture.alice, PresenceFixture.aliceNID, device: device, as: state, for: timeout)
        }

        func act(_ device: String = "D") async {
            await presence.noteActivity(of: PresenceFixture.alice, PresenceFixture.aliceNID, device: device)
        }
    }

    final class Changes: Sendable {
        private let noted = Mutex<[Presence.Change]>([])
        init(_ presence: Presence) { presence.observe { [self] change in noted.withLock { $0.append(change) } } }
        var all: [Presence.Change] { noted.withLock { $0 } }
        var news: Int { all.count { $0.news != .none } }
    }

    let clock = ManualClock()
    let hints = SharedHints()
    private let running = Mutex<[Presence]>([])

    func process(_ seed: UInt64) -> Process {
        let telemetry = Telemetry.silent(clock: clock, random: SeededRandomSource(seed: seed))
        let member = hints.join()
        let bus = EphemeralBus(incarnation: 1, hints: member, clock: clock)
        let presence = Presence(bus: bus, server: ServerName("example.org")!, telemetry: telemetry)
        return Process(presence: presence, hints: member, changes: Changes(presence))
    }

    /// Runs some processes while `body` runs.
    func running(_ processes: [Process], _ body: () async throws -> Void) async throws {
        running.withLock { $0 = processes.map(\.presence) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for process in processes { group.addTask { await process.presence.run() } }
            try await eventually("all have begun") { await self.haveTold }
            try await body()
            group.cancelAll()
        }
    }

    /// Lets time pass, a second at a time, and what is to be done in it be done.
    func pass(_ duration: Duration) async throws {
        for _ in 0..<Int(duration / .seconds(1)) {
            clock.advance(by: .seconds(1))
            try await eventually("all have told") { await self.haveTold }
        }
    }

    private var haveTold: Bool {
        get async {
            let running = running.withLock { $0 }
            for _ in 0..<30 where !running.allSatisfy(\.isUpToDate) { await Task.yield() }
            return running.allSatisfy(\.isUpToDate)
        }
    }
}
