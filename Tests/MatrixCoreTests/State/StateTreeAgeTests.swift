import MatrixCore
import Testing

/// Finding recent entries without looking at all of them.
@Suite struct StateTreeAgeTests {
    @Test(arguments: UInt64(1)...6)
    func findsWhatIsAtLeastAsNew(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let source = MemoryNodeSource()
        var tree = StateTree(root: .empty, room: StateTreeTests.room, source: source)
        var model: [StateKeyNID: EventNID] = [:]
        for turn in 0..<Int64(60) {
            var changes: [StateChange] = []
            for _ in 0..<Int.random(in: 1...25, using: &generator) {
                let key = StateKeyNID(Int64.random(in: 1...500, using: &generator))
                let isRemoval = Int.random(in: 0..<8, using: &generator) == 0
                let event = isRemoval ? nil : EventNID(Int64.random(in: 0...(1 << 40), using: &generator))
                changes.append(StateChange(key: key, event: event))
                model[key] = event
            }
            let update = try await tree.applying(changes, newPack: PackNID(turn + 1))
            source.store(update)
            tree = update.tree
            let lowest = EventNID(Int64.random(in: 0...(1 << 40), using: &generator))
            let found = try await tree.entries(from: lowest)
            let expected = model.filter { $0.value >= lowest }
            #expect(found.count == expected.count, "seed \(seed), turn \(turn)")
            #expect(found.allSatisfy { expected[$0.key] == $0.event }, "seed \(seed), turn \(turn)")
        }
        #expect(try await tree.entries(from: EventNID(.min)).count == model.count)
        #expect(try await tree.entries(from: EventNID(.max)).isEmpty)
    }

    @Test func goesOnlyWhereSomethingIsRecent() async throws {
        let source = MemoryNodeSource()
        var tree = StateTree(root: .empty, room: StateTreeTests.room, source: source)
        var pack: Int64 = 0
        let entries = StateTreeTests.model(5_000).map { StateChange(key: $0.key, event: $0.value) }
        for some in StateTree.pieces(entries) + [[StateChange(key: StateKeyNID(77), event: EventNID(2_000_000))]] {
            pack += 1
            let update = try await tree.applying(some, newPack: PackNID(pack))
            source.store(update)
            tree = StateTree(root: update.root, room: StateTreeTests.room, source: source)
        }
        source.stopCaching()
        #expect(
            try await tree.entries(from: EventNID(2_000_000))
                == [StateEntry(key: StateKeyNID(77), event: EventNID(2_000_000))])
        #expect(source.reads.count == 1)
        #expect(source.reads.joined().count == 1)
    }

    @Test func piecesMakeTheSameStateInSmallPacks() async throws {
        let model = StateTreeTests.model(5_000)
        let pieces = StateTree.pieces(model.map { StateChange(key: $0.key, event: $0.value) })
        var tree = StateTree(root: .empty, room: StateTreeTests.room, source: MemoryNodeSource())
        var largest = 0
        for (index, piece) in pieces.enumerated() {
            let update = try await tree.applying(piece, newPack: PackNID(Int64(index + 1)))
            largest = max(largest, update.pack?.pack.bytes.count ?? 0)
            tree = update.tree
        }
        #expect(tree.root == (try await StateTreeTests.build(model)).root)
        #expect(pieces.count == 10)
        #expect(largest < 16_384)
        #expect(StateTree.pieces([]).isEmpty)
    }

    /// Branches that do not say how new what is below them is.
    @Test(arguments: [100, 2_000])
    func readsPacksAsTheyWereOnceWritten(count: Int) async throws {
        let model = StateTreeTests.model(count)
        let source = MemoryNodeSource()
        let new = try await StateTree(root: .empty, room: StateTreeTests.room, source: source)
            .applying(model.map { StateChange(key: $0.key, event: $0.value) }, newPack: PackNID(1))
        let bytes = try Self.asOnceWritten(try #require(new.pack).pack.bytes)
        source.store(try StatePack(bytes: bytes), as: PackNID(1))
        let tree = StateTree(root: new.root, room: StateTreeTests.room, source: source)
        #expect(try await StateTreeTests.contents(tree) == model)
        #expect(try await tree.events(for: model.keys) == model)
        #expect(try await tree.entries(from: EventNID(1_000_000 + Int64(count) - 7)).count == 7)
        let change = StateChange(key: StateKeyNID(3), event: EventNID(9_000_000))
        let update = try await tree.applying([change], newPack: PackNID(2))
        source.store(update)
        var changed = model
        changed[change.key] = change.event
        #expect(update.root == (try await StateTreeTests.build(changed)).root)
        #expect(try await update.tree.entries(from: EventNID(9_000_000)).map(\.key) == [change.key])
        #expect(try await update.tree.difference(to: tree.root).map(\.key) == [change.key])
    }

    /// The same nodes with branches of kind 1, which gave each child 18 bytes: pack, slot, content hash.
    private static func asOnceWritten(_ bytes: [UInt8]) throws -> [UInt8] {
        var reader = bytes[1...]
        func number() throws -> Int {
            var (value, shift) = (0, 0)
            while let byte = reader.popFirst() {
                value |= Int(byte & 0x7F) << shift
                if byte & 0x80 == 0 { return value }
                shift += 7
            }
            throw StateTreeError.malformedPack
        }
        func written(_ number: Int) -> [UInt8] {
            number < 0x80 ? [UInt8(number)] : [UInt8(number & 0x7F) | 0x80] + written(number >> 7)
        }
        var sizes: [Int] = []
        for _ in 0..<(try number()) { sizes.append(try number()) }
        var nodes: [[UInt8]] = []
        for size in sizes {
            let node = Array(reader.prefix(size))
            reader = reader.dropFirst(size)
            guard node[0] == 2 else {
                nodes.append(node)
                continue
            }
            let rest = reader
            reader = node[3...]
            let count = try number()
            _ = try number()
            let widths = try #require(reader.first)
            reader = reader.dropFirst()
            let (packWidth, ageWidth) = (Int(widths >> 4), Int(widths & 0xF))
            var old = [1] + node[1...2] + written(count)
            while !reader.isEmpty {
                old += reader.prefix(packWidth) + [UInt8](repeating: 0, count: 8 - packWidth)
                old += reader.dropFirst(packWidth).prefix(10)
                reader = reader.dropFirst(packWidth + 10 + ageWidth)
            }
            nodes.append(old)
            reader = rest
        }
        return [bytes[0]] + written(nodes.count) + nodes.flatMap { written($0.count) } + nodes.joined()
    }
}
