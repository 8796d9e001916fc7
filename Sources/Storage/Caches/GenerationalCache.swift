public import Synchronization

/// A bounded cache for what never changes, or is told when it does.
///
/// Two generations: new entries go into the young one; when that is full it becomes the old one and the old one is dropped.
/// What is used survives, because a hit in the old generation moves the entry to the young one.
///
/// Cost: a dictionary look-up under a mutex; no list to keep in order. It is inlined where it is used, because only there it is
/// known how keys are hashed; and public, because what has package access is never specialized for other modules, inlinable or
/// not.
public final class GenerationalCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    @usableFromInline
    struct Generations {
        @usableFromInline var young: [Key: Value] = [:]
        @usableFromInline var old: [Key: Value] = [:]
        @usableFromInline var youngWeight = 0

        @usableFromInline
        init() {}
    }

    @usableFromInline let maxWeight: Int
    @usableFromInline let weight: @Sendable (Value) -> Int
    @usableFromInline let generations = Mutex(Generations())

    /// - Parameter maxWeight: of both generations together, in the units of `weight` (entries, unless given).
    public init(maxWeight: Int, weight: @escaping @Sendable (Value) -> Int = { _ in 1 }) {
        self.maxWeight = maxWeight
        self.weight = weight
    }

    @inlinable
    public subscript(key: Key) -> Value? {
        generations.withLock { value(for: key, in: &$0) }
    }

    /// The values of many keys, in their order.
    @inlinable
    public func values(for keys: some Collection<Key>) -> [Value?] {
        generations.withLock { generations in
            var values: [Value?] = []
            values.reserveCapacity(keys.count)
            for key in keys { values.append(value(for: key, in: &generations)) }
            return values
        }
    }

    @inlinable
    public func keep(_ value: Value, for key: Key) {
        generations.withLock { insert(value, for: key, into: &$0) }
    }

    /// Keeps a value, unless there is one that is as good: both look at one moment.
    @inlinable
    public func keep(_ value: Value, for key: Key, unless isAsGood: (Value) -> Bool) {
        generations.withLock { generations in
            if let known = generations.young[key] ?? generations.old[key], isAsGood(known) { return }
            insert(value, for: key, into: &generations)
        }
    }

    @inlinable
    public func remove(_ key: Key) {
        generations.withLock { generations in
            generations.young[key] = nil
            generations.old[key] = nil
        }
    }

    @inlinable
    public func removeAll() { generations.withLock { $0 = Generations() } }

    @inlinable
    func value(for key: Key, in generations: inout Generations) -> Value? {
        if let value = generations.young[key] { return value }
        guard let value = generations.old.removeValue(forKey: key) else { return nil }
        insert(value, for: key, into: &generations)
        return value
    }

    @inlinable
    func insert(_ value: Value, for key: Key, into generations: inout Generations) {
        if generations.young.updateValue(value, forKey: key) == nil { generations.youngWeight += weight(value) }
        guard generations.youngWeight > maxWeight / 2 else { return }
        generations.old = generations.young
        generations.young = [:]
        generations.youngWeight = 0
    }
}
