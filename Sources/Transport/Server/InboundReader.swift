import HTTPAPI
import MatrixCore
import NIOCore
import NIOHTTP1
import Synchronization

/// The requests of one connection, in order: heads for the connection's task, bodies for the endpoints.
///
/// The iterator below is one for the whole connection and must not be asked twice at once. The connection's task and an
/// endpoint take turns by construction; should an endpoint ever keep a body longer than its request, `turn` makes that an
/// error of that endpoint instead of a crash of the process.
final class InboundReader: @unchecked Sendable {
    typealias Parts = NIOAsyncChannelInboundStream<RequestPart>

    /// A body was read by somebody who was not to read it any more.
    struct NotYourTurn: Error {}

    private struct Turn {
        var request: UInt64 = 0
        var isReading = false
        var isAtEnd = true
        var isBroken = false
    }

    /// Only used by who set `isReading`.
    private var iterator: Parts.AsyncIterator
    private let turn = Mutex(Turn())

    init(_ parts: Parts) { iterator = parts.makeAsyncIterator() }

    /// The next request's head, after the rest of the request before; nil when there are no more.
    func nextHead() async throws -> HTTPRequestHead? {
        turn.withLock { $0.request += 1 }
        let request = turn.withLock { $0.request }
        while !turn.withLock({ $0.isAtEnd }) {
            guard try await read(of: request) != nil else { break }
        }
        guard let part = try await nextPart(of: request) else { return nil }
        guard case .head(let head, let isWhole) = part else { throw NotYourTurn() }
        turn.withLock { $0.isAtEnd = isWhole }
        return head
    }

    /// The body of the request whose head was just read.
    func body(announcedBytes: Int?) -> RequestBody {
        .stream(BodyStream(Body(reader: self, request: turn.withLock { $0.request })), announcedBytes: announcedBytes)
    }

    /// Whether the framing of a body was wrong: what comes after it means nothing.
    var isBroken: Bool { turn.withLock { $0.isBroken } }

    /// The next piece of the body; nil at its end.
    fileprivate func read(of request: UInt64) async throws -> ByteBuffer? {
        if turn.withLock({ $0.isAtEnd }) { return nil }
        let part: RequestPart?
        do {
            part = try await nextPart(of: request)
        } catch is HTTPParserError {
            turn.withLock { $0.isBroken = true }
            throw MatrixError(.unknown, "The request body is malformed", status: 400)
        }
        switch part {
        case .body(let buffer): return buffer
        case .end:
            turn.withLock { $0.isAtEnd = true }
            return nil
        // The client has gone in the middle of a body: nobody waits for an answer.
        case .head, nil: throw CancellationError()
        }
    }

    private func nextPart(of request: UInt64) async throws -> RequestPart? {
        let isMine = turn.withLock { turn in
            guard turn.request == request, !turn.isReading else { return false }
            turn.isReading = true
            return true
        }
        guard isMine else { throw NotYourTurn() }
        defer { turn.withLock { $0.isReading = false } }
        return try await iterator.next()
    }

    private struct Body: AsyncSequence, Sendable {
        typealias Failure = any Error
        let reader: InboundReader
        let request: UInt64

        func makeAsyncIterator() -> Iterator { Iterator(reader: reader, request: request) }

        struct Iterator: AsyncIteratorProtocol {
            let reader: InboundReader
            let request: UInt64
            mutating func next() async throws -> ByteBuffer? { try await reader.read(of: request) }
        }
    }
}
