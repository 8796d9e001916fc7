import MatrixCore
import Testing

@Suite struct StateTreeTests {
    static let room = RoomNID(7)

    /// Builds a tree with one update.
    static func build(
        _ model: [StateKeyNID: EventNID], pack: Int64 = 1, source: MemoryNodeSource = MemoryNodeSource()
    ) async throws -> StateTree {
        let update = try await StateTree(root: .empty, room: room, source: source)
            .applying(model.map { StateChange(key: $0.key, event: $0.value) }, newPack: PackNID(pack))
        source.store(update)
        return update.tree
    }

    static func model(_ count: Int, from first: Int64 = 1) -> [StateKeyNID: EventNID] {
        var model: [StateKeyNID: EventNID] = [:]
        for index in 0..<Int64(count) { model[StateKeyNID(first + index)] = EventNID(1_000_000 + index) }
        return model
    }

    static func contents(_ tree: StateTree) async throws -> [StateKeyNID: EventNID] {
        var found: [StateKeyNID: EventNID] = [:]
        for entry in try await tree.entries() { found[entry.key] = entry.event }
        return found
    }

    @Test(arguments: [0, 1, 16, 17, 64, 65, 66, 300, 5_000])
    func holdsWhatWasPutIn(count: Int) async throws {
        let model = Self.model(count)
        let tree = try await Self.build(model)
        #expect(try await Self.contents(tree) == model)
        #expect(tree.root.count == count)
        #expect(try await tree.events(for: model.keys) == model)
        #expect(try await tree.event(for: StateKeyNID(-5)) == nil)
    }

    @Test(arguments: UInt64(1)...12)
    func hasTheShapeOfItsContentHoweverItCameAbout(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let source = MemoryNodeSource()
        var tree = StateTree(root: .empty, room: Self.room, source: source)
        var model: [StateKeyNID: EventNID] = [:]
        // Grows and shrinks through the limits of leaf and flat root again and again.
        let keys = Int64([20, 70, 130, 400][Int(seed % 4)])
        for turn in 0..<Int64(150) {
            var changes: [StateChange] = []
            let isShrinking = (turn / 25) % 2 == 1
            for _ in 0..<Int.random(in: 1...12, using: &generator) {
                let key = StateKeyNID(Int64.random(in: 1...keys, using: &generator))
                let isRemoval = Int.random(in: 0..<10, using: &generator) < (isShrinking ? 8 : 2)
                let event = isRemoval ? nil : EventNID(Int64.random(in: 1...50, using: &generator))
                changes.append(StateChange(key: key, event: event))
                model[key] = event
            }
            let before = tree
            let update = try await tree.applying(changes, newPack: PackNID(turn + 1))
            source.store(update)
            tree = update.tree
            #expect(
                (update.pack == nil) == (before.root == tree.root || tree.root.isEmpty), "seed \(seed), turn \(turn)")
            let fresh = try await Self.build(model)
            #expect(tree.root == fresh.root, "seed \(seed), turn \(turn)")
            #expect(tree.root.count == model.count, "seed \(seed), turn \(turn)")
        }
        #expect(try await Self.contents(tree) == model)
    }

    /// However many states are compared with one, what they need is asked for together.
    @Test func severalDifferencesAreOneWalk() async throws {
        let source = MemoryNodeSource()
        let made = try await Self.build(Self.model(5_000), source: source)
        var others: [StateRoot] = []
        for index in 0..<Int64(20) {
            let change = StateChange(key: StateKeyNID(index * 200 + 1), event: EventNID(index + 5))
            let update = try await made.applying([change], newPack: PackNID(index + 2))
            source.store(update)
            others.append(update.root)
        }
        source.stopCaching()
        let tree = StateTree(root: made.root, room: Self.room, source: source)
        let found = try await tree.differences(to: others)
        #expect(source.reads.count == 1)
        #expect(found.map { $0.map(\.key) } == (0..<20).map { [StateKeyNID($0 * 200 + 1)] })
        for (other, found) in zip(others, found) { #expect(try await tree.difference(to: other) == found) }
    }

    @Test(arguments: [(10, 0), (70, 64), (70, 65), (200, 3), (3_000, 12), (3_000, 0)])
    func collapsesWhenEntriesGo(start: Int, end: Int) async throws {
        let tree = try await Self.build(Self.model(start))
        let removals = (end..<start).map { StateChange(key: StateKeyNID(Int64($0 + 1)), event: nil) }
        let update = try await tree.applying(removals, newPack: PackNID(2))
        #expect(update.root == (try await Self.build(Self.model(end))).root)
        #expect(update.root.isEmpty == (end == 0))
        #expect(try await Self.contents(update.tree) == Self.model(end))
    }

    @Test func makesNoPackWhenNothingChanges() async throws {
        let tree = try await Self.build(Self.model(500))
        let update = try await tree.applying(
            [
                StateChange(key: StateKeyNID(3), event: EventNID(1_000_002)),
                StateChange(key: StateKeyNID(9_999), event: nil),
            ], newPack: PackNID(2))
        #expect(update.pack == nil)
        #expect(update.root == tree.root)
    }

    @Test func lastChangeOfAKeyCounts() async throws {
        let tree = try await Self.build([:])
        let key = StateKeyNID(1)
        let update = try await tree.applying(
            [StateChange(key: key, event: EventNID(5)), StateChange(key: key, event: EventNID(6))],
            newPack: PackNID(1))
        #expect(try await update.tree.event(for: key) == EventNID(6))
        let removed = try await update.tree.applying(
            [StateChange(key: key, event: EventNID(8)), StateChange(key: key, event: nil)], newPack: PackNID(2))
        #expect(removed.root == .empty)
    }

    @Test(arguments: UInt64(20)...31)
    func differenceAgreesWithAModel(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let source = MemoryNodeSource()
        let size = [5, 60, 66, 1_000][Int(seed % 4)]
        let old = Self.model(size)
        var new = old
        for _ in 0..<Int.random(in: 0...40, using: &generator) {
            let key = StateKeyNID(Int64.random(in: 1...Int64(size + 30), using: &generator))
            new[key] = Bool.random(using: &generator) ? nil : EventNID(Int64.random(in: 1...9, using: &generator))
        }
        let first = try await Self.build(old, pack: 1, source: source)
        let second = try await Self.build(new, pack: 2, source: source)
        let found = try await first.difference(to: second.root)
        let expected = Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }.sorted()
        #expect(found.map(\.key) == expected, "seed \(seed)")
        #expect(found.allSatisfy { $0.old == old[$0.key] && $0.new == new[$0.key] }, "seed \(seed)")
        #expect(try await first.difference(to: first.root).isEmpty)
        #expect(try await first.difference(to: .empty).count == old.count)
    }

    @Test func readsOncePerLevelWhenNothingIsCached() async throws {
        let source = MemoryNodeSource()
        var tree = try await Self.build(Self.model(20_000), source: source)
        for index in Int64(0)..<300 {
            let change = StateChange(key: StateKeyNID(index * 61 + 1), event: EventNID(9_000_000 + index))
            let update = try await tree.applying([change], newPack: PackNID(index + 2))
            source.store(update)
            tree = update.tree
        }
        source.stopCaching()
        let cold = StateTree(root: tree.root, room: Self.room, source: source)
        let keys = (0..<100).map { StateKeyNID(Int64($0) * 61 + 1) }
        #expect(try await cold.events(for: keys).count == 100)
        #expect(source.reads.count <= 4)
        #expect(source.reads.allSatisfy { Set($0).count == $0.count && $0.count <= StateTree.packsPerRead })
        #expect(try await cold.packNumbers().count > 100)
    }

    @Test func writesLittleForAChangeOfALargeRoom() async throws {
        let source = MemoryNodeSource()
        var tree = try await Self.build(Self.model(50_000), source: source)
        var generator = SeededGenerator(seed: 3)
        var bytes = 0
        let changes = 400
        for index in 0..<Int64(changes) {
            let key = StateKeyNID(Int64.random(in: 1...50_000, using: &generator))
            let change = StateChange(key: key, event: EventNID(1 << 40 + index))
            let update = try await tree.applying([change], newPack: PackNID(index + 2))
            bytes += try #require(update.pack).pack.bytes.count
            source.store(update)
            tree = tree.at(update.root)
        }
        #expect(bytes / changes <= 1_200, "\(bytes / changes) bytes a change")
    }

    @Test func rootSurvivesItsEncoding() async throws {
        let root = try await Self.build(Self.model(300), pack: 1 << 50).root
        let decoded = try StateRoot(encoded: root.encoded())
        #expect(decoded == root)
        #expect(decoded.pack == root.pack && decoded.count == root.count)
        #expect(root.encoded().count == StateRoot.encodedSize)
        #expect(try StateRoot(encoded: StateRoot.empty.encoded()) == .empty)
    }
}
