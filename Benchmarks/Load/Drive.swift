import Synchronization

/// What a number of like operations did.
struct Outcome: Sendable {
    var latencies = Latencies()
    var acknowledged: [Acknowledged] = []
    var failures: [String] = []
    var bytes = 0

    mutating func add(_ other: Outcome) {
        latencies.add(other.latencies)
        acknowledged += other.acknowledged
        failures += other.failures
        bytes += other.bytes
    }
}

/// An event that the server said it has.
struct Acknowledged: Sendable {
    let roomID: String
    let eventID: String
    let token: String
}

/// Gives out the numbers from 0 up to a bound, each once.
final class Tickets: Sendable {
    private let next = Atomic<Int>(0)
    private let count: Int

    init(_ count: Int) {
        self.count = count
    }

    func take() -> Int? {
        let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return number < count ? number : nil
    }
}

extension Server {
    /// Failures after which a run gives up: the server is then not in a state worth measuring.
    private static let maximumFailures = 20

    /// Carries out `count` operations, `concurrency` at a time, each of these on its own connection.
    func drive(
        _ count: Int, until deadline: Deadline,
        _ operation: @escaping @Sendable (_ number: Int, MatrixConnection, inout Outcome) async throws -> Void
    ) async -> Outcome {
        let tickets = Tickets(count)
        return await withTaskGroup(of: Outcome.self) { tasks in
            for slot in 0..<min(concurrency, max(1, count)) {
                tasks.addTask {
                    let connection = connection(slot)
                    var mine = Outcome()
                    while !deadline.isOver, mine.failures.count < Self.maximumFailures, let number = tickets.take() {
                        let start = monotonicNanoseconds()
                        do {
                            try await operation(number, connection, &mine)
                            mine.latencies.add(monotonicNanoseconds() - start)
                        } catch {
                            mine.failures.append("\(error)")
                        }
                    }
                    await connection.http.close()
                    return mine
                }
            }
            return await tasks.reduce(into: Outcome()) { $0.add($1) }
        }
    }

    /// Like `drive`, for preparation: the first failure ends the run.
    func prepare(
        _ count: Int, _ operation: @escaping @Sendable (_ number: Int, MatrixConnection) async throws -> Void
    ) async throws {
        let outcome = await drive(count, until: Deadline(seconds: 600)) { number, connection, _ in
            try await operation(number, connection)
        }
        if let failure = outcome.failures.first { throw Failure("preparation: \(failure)") }
        guard outcome.latencies.count == count else { throw Failure("preparation took longer than ten minutes") }
    }
}
