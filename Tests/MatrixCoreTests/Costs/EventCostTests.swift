import CoreWorkloads
import MatrixCore
import Testing

/// What reading an event asks of the allocator. The same work is measured by `apus-core-benchmark`.
@Suite(.enabled(if: Allocations.areCounted)) struct EventCostTests {
    /// The work itself, after whatever is made once.
    private func allocations(_ work: () throws -> Void) rethrows -> Allocations {
        try work()
        return try Allocations.during(work)
    }

    @Test func countsWhatIsAllocated() {
        var kept: [[UInt8]] = []
        kept.reserveCapacity(10)
        let found = Allocations.during { for size in 100..<110 { kept.append([UInt8](repeating: 0, count: size)) } }
        #expect(found.count == 10)
        #expect((1_000...2_000).contains(found.bytes))
        #expect(Allocations.during {}.count == 0)
    }

    @Test func anEventIsHashedWithAHandfulOfAllocations() throws {
        let bytes = try SampleEvents.message()
        let found = try allocations { _ = try SampleEvents.digest(bytes) }
        #expect(found.count <= CostLimits.digestAllocations)
        // Its copies: the tape, the canonical form.
        #expect(found.bytes <= bytes.count * 6)
    }

    @Test func anEventIsPutInOrderWithFewAllocations() throws {
        let bytes = try SampleEvents.shuffledMessage()
        let found = try allocations { _ = try SampleEvents.digest(bytes) }
        #expect(found.count <= CostLimits.shuffledDigestAllocations)
    }

    @Test func anEventIsReceivedWithFewAllocations() throws {
        let pdu = try JSONDocument(parsing: SampleEvents.message()).root
        let found = try allocations { _ = try Event.receive(pdu, in: .v11) }
        #expect(found.count <= CostLimits.receiveAllocations)
    }

    /// Both forms of the sample say the same.
    @Test func theSampleIsWhatItSays() throws {
        let digest = try SampleEvents.digest(try SampleEvents.message())
        #expect(try SampleEvents.digest(try SampleEvents.shuffledMessage()) == digest)
        #expect((900...1_100).contains(try SampleEvents.message().count))
        #expect(try SampleEvents.shuffledMessage() != SampleEvents.message())
    }
}
