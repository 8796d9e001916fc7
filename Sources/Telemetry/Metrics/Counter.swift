import Synchronization

/// A number that only grows, such as requests served.
package final class Counter: Sendable {
    private let count = Atomic<UInt64>(0)

    init() {}

    package func increment(by amount: UInt64 = 1) { count.wrappingAdd(amount, ordering: .relaxed) }
    package var value: UInt64 { count.load(ordering: .relaxed) }
}

/// A number that goes up and down, such as open connections.
package final class Gauge: Sendable {
    private let current = Atomic<Int64>(0)

    init() {}

    package func set(_ value: Int64) { current.store(value, ordering: .relaxed) }
    package func add(_ amount: Int64) { current.wrappingAdd(amount, ordering: .relaxed) }
    package var value: Int64 { current.load(ordering: .relaxed) }
}
