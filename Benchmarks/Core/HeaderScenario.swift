import CoreWorkloads
import MatrixCore

/// The header with which servers say who they are.
enum HeaderScenario {
    static func run() throws -> [Figures] {
        let header = SampleHeader.text
        var figures = Figures("x-matrix")
        guard let parsed = XMatrixAuthorization(header: header) else { return [] }
        let parsing = Meter.best(runs: 5_000) {
            MachineLimits.keep(XMatrixAuthorization(header: header) == nil ? 0 : 1)
        }
        let printing = Meter.best(runs: 5_000) { MachineLimits.keep(UInt8(parsed.header.utf8.count & 1)) }
        let copy = MachineLimits.copyNanoseconds(Array(header.utf8))
        figures.report("bytes", header.utf8.count)
        figures.report("parsing_microseconds", parsing / 1e3)
        figures.report("printing_microseconds", printing / 1e3)
        figures.report("parsing_ratio_to_a_copy", parsing / copy)
        figures.judge(
            "parsing_allocations", Allocations.during { _ = XMatrixAuthorization(header: header) }.count,
            atMost: CostLimits.parseHeaderAllocations)
        figures.judge(
            "printing_allocations", Allocations.during { _ = parsed.header }.count,
            atMost: CostLimits.printHeaderAllocations)
        return [figures]
    }
}
