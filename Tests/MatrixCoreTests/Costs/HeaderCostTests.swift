import CoreWorkloads
import MatrixCore
import Testing

/// What the header of a request asks of the allocator: anybody may send one, before anything is known of them.
@Suite(.enabled(if: Allocations.areCounted)) struct HeaderCostTests {
    @Test(arguments: [
        (SampleHeader.text, CostLimits.parseHeaderAllocations),
        (SampleHeader.unquoted, CostLimits.parseHeaderAllocations),
        (SampleHeader.longest, CostLimits.parseEscapedHeaderAllocations),
    ])
    func aHeaderIsReadWithFewAllocations(header: String, limit: Int) throws {
        #expect(XMatrixAuthorization(header: header) != nil)
        let found = Allocations.during { _ = XMatrixAuthorization(header: header) }
        #expect(found.count <= limit)
        #expect(found.bytes <= CostLimits.parseHeaderBytes(header.utf8.count))
    }

    @Test func aHeaderIsWrittenWithFewAllocations() throws {
        let parsed = try #require(XMatrixAuthorization(header: SampleHeader.text))
        #expect(parsed.header == SampleHeader.text)
        let found = Allocations.during { _ = parsed.header }
        #expect(found.count <= CostLimits.printHeaderAllocations)
    }
}
