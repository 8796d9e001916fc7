package import MatrixCore
package import NIOCore

/// The bytes of a request or response body that may still be arriving, so it can be read once only.
package struct BodyStream: AsyncSequence, Sendable {
    package typealias Source = any AsyncSequence<ByteBuffer, any Error> & Sendable

    private let source: Source
    private let maximumBytes: Int

    /// - Parameter maximumBytes: reading more than this throws `M_TOO_LARGE`.
    package init(_ source: Source, maximumBytes: Int = .max) {
        self.source = source
        self.maximumBytes = maximumBytes
    }

    /// The same bytes under a (lower) limit.
    package func limited(to maximumBytes: Int) -> BodyStream {
        BodyStream(source, maximumBytes: Swift.min(maximumBytes, self.maximumBytes))
    }

    package func makeAsyncIterator() -> Iterator {
        Iterator(source: source.makeAsyncIterator(), remaining: maximumBytes)
    }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate var source: any AsyncIteratorProtocol<ByteBuffer, any Error>
        fileprivate var remaining: Int

        package mutating func next() async throws -> ByteBuffer? {
            try await next(isolation: nil)
        }

        package mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> ByteBuffer? {
            guard let chunk = try await source.next(isolation: actor) else { return nil }
            remaining -= chunk.readableBytes
            guard remaining >= 0 else { throw MatrixError.bodyTooLarge }
            return chunk
        }
    }
}

/// The body of a request.
package enum RequestBody: Sendable {
    case empty
    case buffer(ByteBuffer)
    /// Bytes that still arrive, and how many the peer announced, if it did.
    case stream(BodyStream, announcedBytes: Int?)

    /// The whole body in one buffer.
    ///
    /// - Throws: `M_TOO_LARGE` when it is longer than `maximumBytes`, before reading when that was announced.
    package func collect(maximumBytes: Int) async throws -> ByteBuffer {
        switch self {
        case .empty: return ByteBuffer()
        case .buffer(let buffer):
            guard buffer.readableBytes <= maximumBytes else { throw MatrixError.bodyTooLarge }
            return buffer
        case .stream(let stream, let announcedBytes):
            if let announcedBytes, announcedBytes > maximumBytes { throw MatrixError.bodyTooLarge }
            var whole: ByteBuffer?
            for try await chunk in stream.limited(to: maximumBytes) {
                if whole == nil {
                    // The first chunk most often is all there is: then its storage is the body's.
                    whole = chunk
                } else {
                    whole?.writeImmutableBuffer(chunk)
                }
            }
            return whole ?? ByteBuffer()
        }
    }

    /// The body as a stream.
    package var stream: BodyStream {
        switch self {
        case .empty: BodyStream(SingleBuffer(buffer: nil))
        case .buffer(let buffer): BodyStream(SingleBuffer(buffer: buffer))
        case .stream(let stream, _): stream
        }
    }

    package var announcedBytes: Int? {
        switch self {
        case .empty: 0
        case .buffer(let buffer): buffer.readableBytes
        case .stream(_, let announcedBytes): announcedBytes
        }
    }
}

/// A buffer in the shape of a stream.
private struct SingleBuffer: AsyncSequence, Sendable {
    typealias Failure = any Error
    let buffer: ByteBuffer?

    func makeAsyncIterator() -> Iterator { Iterator(buffer: buffer) }

    struct Iterator: AsyncIteratorProtocol {
        var buffer: ByteBuffer?

        mutating func next() async throws -> ByteBuffer? {
            defer { buffer = nil }
            return buffer
        }
    }
}

extension MatrixError {
    package static var bodyTooLarge: MatrixError { MatrixError(.tooLarge, "The request body is too large") }
}
