import CoreWorkloads
import MatrixCore

/// One event of about 1 KB, from its bytes to its hash.
///
/// The limit is libsodium's SHA-256 over the same bytes and a copy of them for each stage: parsing, canonical form, size, hash.
enum EventScenario {
    private static let stages = 4.0

    static func run() throws -> [Figures] {
        [
            try digest("event", try SampleEvents.message(), CostLimits.digestAllocations),
            try digest("event-shuffled", try SampleEvents.shuffledMessage(), CostLimits.shuffledDigestAllocations),
            try receive(),
        ]
    }

    private static func digest(_ name: String, _ bytes: [UInt8], _ allocations: Int) throws -> Figures {
        var figures = Figures(name)
        let limit = MachineLimits.sha256Nanoseconds(bytes) + stages * MachineLimits.copyNanoseconds(bytes)
        let time = try Meter.best(runs: 2_000) { MachineLimits.keep(try SampleEvents.digest(bytes)[0]) }
        let parsing = try Meter.best(runs: 2_000) { MachineLimits.keep(try JSONDocument(parsing: bytes).bytes[0]) }
        figures.report("bytes", bytes.count)
        figures.report("microseconds", time / 1e3)
        figures.report("parsing_microseconds", parsing / 1e3)
        figures.report("ratio_to_sha256_and_copies", time / limit)
        figures.judge(
            "allocations", try Allocations.during { _ = try SampleEvents.digest(bytes) }.count, atMost: allocations)
        return figures
    }

    /// All that is done to an event of another server, apart from its signatures: two hashes, its fields, its id.
    private static func receive() throws -> Figures {
        var figures = Figures("event-receive")
        let bytes = try SampleEvents.message()
        let pdu = try JSONDocument(parsing: bytes).root
        let limit = 2 * MachineLimits.sha256Nanoseconds(bytes) + 2 * stages * MachineLimits.copyNanoseconds(bytes)
        let time = try Meter.best(runs: 1_000) {
            MachineLimits.keep(try Event.receive(pdu, in: .v11).event.bytes[0])
        }
        let event = try Event.receive(pdu, in: .v11).event
        let signed = Meter.best(runs: 1_000) { MachineLimits.keep(event.signedBytes[0]) }
        figures.report("microseconds", time / 1e3)
        figures.report("signed_bytes_microseconds", signed / 1e3)
        figures.report("ratio_to_sha256_and_copies", time / limit)
        figures.judge(
            "allocations", try Allocations.during { _ = try Event.receive(pdu, in: .v11) }.count,
            atMost: CostLimits.receiveAllocations)
        return figures
    }
}
