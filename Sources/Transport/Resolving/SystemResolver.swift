import CLinux
package import HTTPAPI
import NIOPosix
import Synchronization

/// The machine's own resolver, whose calls block: they run on a few threads of their own.
package final class SystemResolver: NameResolver {
    private static let threads = 8
    /// Enough for a burst of destinations; above it, whoever asks is better off hearing so than waiting for a minute.
    private static let maximumWaiting = 2000
    /// More addresses than a client would ever try, more servers than anybody lists.
    private static let maximumAnswers = 32
    private static let maximumNameBytes = 253

    private let pool: NIOThreadPool
    private let waiting = Atomic<Int>(0)

    /// The threads run until `shutDown`.
    package init() {
        pool = NIOThreadPool(numberOfThreads: Self.threads)
        pool.start()
    }

    /// Ends the threads. Lookups after it fail.
    package func shutDown() async { try? await pool.shutdownGracefully() }

    /// The SRV records of a DNS answer as it came over the wire.
    package static func services(inAnswer bytes: [UInt8]) throws(ResolverError) -> [ServiceRecord] {
        try readServices { clinux_read_services(bytes, bytes.count, $0, $1) }
    }

    package func addresses(of host: String) async throws(ResolverError) -> [IPAddress] {
        try await lookUp(host) { name in
            var answers = [clinux_address](repeating: clinux_address(), count: Self.maximumAnswers)
            let count = clinux_resolve_addresses(name, &answers, Int32(Self.maximumAnswers))
            return try Self.check(count, answers).compactMap { answer in
                withUnsafeBytes(of: answer.bytes) { IPAddress(bytes: Array($0.prefix(Int(answer.length)))) }
            }
        }
    }

    package func services(_ name: String) async throws(ResolverError) -> [ServiceRecord] {
        try await lookUp(name) { name in
            try Self.readServices { clinux_resolve_services(name, $0, $1) }
        }
    }

    /// The records that `fill` finds.
    private static func readServices(
        _ fill: (UnsafeMutablePointer<clinux_service>?, Int32) -> Int32
    ) throws(ResolverError) -> [ServiceRecord] {
        var answers = [clinux_service](repeating: clinux_service(), count: maximumAnswers)
        let count = answers.withUnsafeMutableBufferPointer { fill($0.baseAddress, Int32($0.count)) }
        return try check(count, answers).compactMap { answer in
            let host = withUnsafeBytes(of: answer.host) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard !host.isEmpty, host != "." else { return nil }
            return ServiceRecord(
                priority: answer.priority, weight: answer.weight, host: host, port: answer.port,
                lifetime: .seconds(Int64(answer.lifetime_seconds)))
        }
    }

    private static func check<Answer>(_ count: Int32, _ answers: [Answer]) throws(ResolverError) -> ArraySlice<Answer> {
        switch count {
        case 0...: return answers.prefix(Int(count))
        case Int32(CLINUX_LOOKUP_BAD_NAME.rawValue): throw .malformedName
        default: throw .serverFailure
        }
    }

    private func lookUp<Answer: Sendable>(
        _ name: String, _ body: @escaping @Sendable (String) throws -> Answer
    ) async throws(ResolverError) -> Answer {
        guard !name.isEmpty, name.utf8.count <= Self.maximumNameBytes,
            name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw .malformedName }
        guard waiting.wrappingAdd(1, ordering: .relaxed).newValue <= Self.maximumWaiting else {
            waiting.wrappingSubtract(1, ordering: .relaxed)
            throw .overloaded
        }
        defer { waiting.wrappingSubtract(1, ordering: .relaxed) }
        do {
            return try await pool.runIfActive { try body(name) }
        } catch let error as ResolverError {
            throw error
        } catch {
            throw .serverFailure
        }
    }
}
