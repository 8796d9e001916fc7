import CoreWorkloads
import MatrixCore
import Testing

/// What states write and read, by counts that are the same on every machine.
@Suite struct StateCostTests {
    @Test func aChangeWritesLittle() async throws {
        let states = try await LargeState(entryCount: 50_000)
        for index in 0..<50 {
            #expect(try await states.bytesOfChange(at: index * 991) <= CostLimits.stateChangeBytes)
        }
    }

    /// The packs that a comparison reads are those of the changes, and one a level and change for what they share.
    @Test(arguments: [1_000, 50_000]) func aDifferenceReadsWhatDiffers(size: Int) async throws {
        let states = try await LargeState(entryCount: size)
        let (left, right) = try await states.forked()
        for isLeftKnown in [false, true] {
            states.packs.reset(isCold: true)
            // One state's way from its root being in memory is no reason to read the rest of it.
            if isLeftKnown { _ = try await left.event(for: StateKeyNID(1)) }
            #expect(try await left.difference(to: right.root).count == 10)
            #expect(states.packs.reads.packs <= CostLimits.differencePacks)
            #expect(states.packs.reads.batches <= (isLeftKnown ? 8 : 4))
        }
    }
}
