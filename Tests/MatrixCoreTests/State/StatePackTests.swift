import MatrixCore
import Testing

@Suite struct StatePackTests {
    private func pack(entries count: Int) async throws -> StatePack {
        let update = try await StateTree(root: .empty, room: RoomNID(1), source: MemoryNodeSource()).applying(
            (1...Int64(count)).map { StateChange(key: StateKeyNID($0), event: EventNID($0 << 33)) },
            newPack: PackNID(1))
        return try #require(update.pack).pack
    }

    @Test(arguments: [1, 64, 65, 2_000])
    func readsBackWhatItWrote(count: Int) async throws {
        let pack = try await pack(entries: count)
        let again = try StatePack(bytes: pack.bytes)
        #expect(again.bytes == pack.bytes)
    }

    @Test func refusesEveryTruncation() async throws {
        let bytes = try await pack(entries: 80).bytes
        for length in 0..<bytes.count {
            #expect(throws: StateTreeError.malformedPack) { try StatePack(bytes: Array(bytes[..<length])) }
        }
        #expect(throws: StateTreeError.malformedPack) { try StatePack(bytes: bytes + [0]) }
    }

    @Test func refusesNumbersThatDoNotFit() {
        let endless = [UInt8](repeating: 0xFF, count: 30)
        #expect(throws: StateTreeError.malformedPack) { try StatePack(bytes: [1] + endless) }
        #expect(throws: StateTreeError.malformedPack) { try StatePack(bytes: [1, 1] + endless) }
        #expect(throws: StateTreeError.malformedPack) { try StatePack(bytes: [1, 0]) }
        #expect(throws: StateTreeError.malformedPack) { try StatePack(bytes: [1, 1, 4, 0, 0, 1, 1]) }
    }

    /// Any single damaged byte, and many random ones: an error or some answer, but never a trap and never an endless
    /// walk.
    @Test(arguments: [40, 150])
    func survivesDamage(count: Int) async throws {
        let source = MemoryNodeSource()
        let update = try await StateTree(root: .empty, room: RoomNID(1), source: source).applying(
            (1...Int64(count)).map { StateChange(key: StateKeyNID($0), event: EventNID($0)) }, newPack: PackNID(1))
        let bytes = try #require(update.pack).pack.bytes
        var generator = SeededGenerator(seed: 11)
        var accepted = 0
        for position in 0..<(bytes.count * 3) {
            var damaged = bytes
            damaged[position % bytes.count] = UInt8.random(in: 0...255, using: &generator)
            guard let pack = try? StatePack(bytes: damaged) else { continue }
            accepted += 1
            let damagedSource = MemoryNodeSource()
            damagedSource.store(pack, as: PackNID(1))
            let tree = StateTree(root: update.root, room: RoomNID(1), source: damagedSource)
            _ = try? await tree.entries()
            _ = try? await tree.event(for: StateKeyNID(3))
            _ = try? await tree.difference(to: .empty)
            let removals = (2...Int64(count)).map { StateChange(key: StateKeyNID($0), event: nil) }
            _ = try? await tree.applying(removals, newPack: PackNID(2))
        }
        #expect(accepted > 0)
    }

    /// Branches that lead to one leaf from everywhere, at each of twelve levels: sixteen to the power of twelve ways.
    @Test func aNodeThatIsInSeveralPlacesIsNotWalkedFromAll() async throws {
        func number(_ value: Int) -> [UInt8] {
            value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80, UInt8(value >> 7)]
        }
        var nodes = (1...12).map { slot in
            let child: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, UInt8(slot), 0, UInt8(slot), 0, 0, 0, 0, 0, 0, 0]
            return [1, 0xFF, 0xFF] + number(1000) + Array(repeatElement(child, count: 16).joined())
        }
        nodes.append([0, 1, 1, 1])
        let sizes = nodes.map { number($0.count) }.joined()
        let source = MemoryNodeSource()
        source.store(try StatePack(bytes: [1] + number(nodes.count) + sizes + nodes.joined()), as: PackNID(1))
        let root: [UInt8] = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0] + [0xE8, 3, 0, 0] + [UInt8](repeating: 5, count: 16)
        let tree = StateTree(root: try StateRoot(encoded: root), room: RoomNID(1), source: source)
        let error = StateTreeError.inconsistentNodes(PackNID(1))
        await #expect(throws: error) { try await tree.entries() }
        await #expect(throws: error) { try await tree.packNumbers() }
        await #expect(throws: error) { try await tree.difference(to: .empty) }
        let changes = (1...40).map { StateChange(key: StateKeyNID($0), event: EventNID($0)) }
        await #expect(throws: error) { try await tree.applying(changes, newPack: PackNID(2)) }
    }

    @Test func aRootThatMiscountsIsRefused() async throws {
        let source = MemoryNodeSource()
        let update = try await StateTree(root: .empty, room: RoomNID(1), source: source).applying(
            (1...Int64(30)).map { StateChange(key: StateKeyNID($0), event: EventNID($0)) }, newPack: PackNID(1))
        source.store(update)
        var bytes = update.root.encoded()
        bytes[11] = 3
        let tree = StateTree(root: try StateRoot(encoded: bytes), room: RoomNID(1), source: source)
        let error = StateTreeError.inconsistentNodes(PackNID(1))
        await #expect(throws: error) { try await tree.entries() }
        await #expect(throws: error) {
            try await tree.applying([StateChange(key: StateKeyNID(1), event: nil)], newPack: PackNID(2))
        }
    }

    @Test func sayWhichPackIsGone() async throws {
        let tree = try await StateTreeTests.build(StateTreeTests.model(3), pack: 9)
        let elsewhere = StateTree(root: tree.root, room: RoomNID(1), source: MemoryNodeSource())
        await #expect(throws: StateTreeError.missingPack(PackNID(9))) { try await elsewhere.entries() }
    }

    @Test func refusesADamagedRoot() {
        #expect(throws: StateTreeError.malformedRoot) { try StateRoot(encoded: []) }
        #expect(throws: StateTreeError.malformedRoot) { try StateRoot(encoded: [UInt8](repeating: 1, count: 30)) }
        #expect(throws: StateTreeError.malformedRoot) { try StateRoot(encoded: [UInt8](repeating: 9, count: 31)) }
    }
}
