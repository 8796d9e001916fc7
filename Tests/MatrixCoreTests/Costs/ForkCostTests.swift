import CoreWorkloads
import MatrixCore
import Testing

/// What resolving two forks that differ in ten state events reads, in rooms of all sizes.
@Suite struct ForkCostTests {
    @Test(arguments: [1_000, 20_000]) func readsTheNeighbourhoodOfTheForks(members: Int) async throws {
        let depth = 20
        let room = try await LargeRoom(memberCount: members, powerLevelChanges: depth)
        let fork = try await room.fork()
        room.packs.reset(isCold: true)
        room.events.resetReads()
        let changes = try await room.resolver.resolve(fork.left, with: [fork.right])
        // Whatever the other side has: its join rules, its name of the room, its three names of members.
        #expect(changes.count == 5)
        let (packs, events) = (room.packs.reads, room.events.reads)
        #expect(packs.batches <= CostLimits.coldPackBatches)
        #expect(packs.packs <= CostLimits.coldPacks)
        #expect(events.edgeBatches <= CostLimits.edgeBatches)
        #expect(events.edges <= CostLimits.edges + depth)
        #expect(events.eventBatches <= CostLimits.eventBatches)
        #expect(events.events <= CostLimits.events)
        room.packs.reset(isCold: false)
        _ = try await room.resolver.resolve(fork.left, with: [fork.right])
        #expect(room.packs.reads.batches == 0)
    }

    @Test func aJoinAnswerIsCheckedPieceByPiece() async throws {
        let answer = try await JoinAnswer(eventCount: 300)
        for size in [1_000, 65_536] {
            #expect(try await answer.check(pieceBytes: size) == answer.eventCount)
        }
    }
}
