import HTTPAPI
package import HTTPTypes
package import MatrixCore
import NIOCore

/// What an endpoint answered, read to its end.
package struct EndpointAnswer: Sendable, CustomStringConvertible {
    package let status: Int
    package let headers: HTTPFields
    /// Of a body that broke off, what had come.
    package let bytes: [UInt8]
    /// Whether the body was made while it was sent.
    package let isStreamed: Bool
    /// The body as JSON; null where it is none.
    package let body: JSONValue
    private let failure: (any Error)?

    private struct WrongLength: Error {
        let bytes: Int
        let announced: Int
    }

    init(reading response: ServerResponse) async {
        var (bytes, isStreamed): ([UInt8], Bool) = ([], false)
        var failure: (any Error)?
        switch response.body {
        case .buffer(let buffer): bytes = Array(buffer.readableBytesView)
        case .stream(let stream, let length):
            isStreamed = true
            do {
                for try await part in stream { bytes += part.readableBytesView }
                if let length, length != bytes.count { throw WrongLength(bytes: bytes.count, announced: length) }
            } catch let error { failure = error }
        }
        status = response.status.code
        headers = response.headers
        body = (try? JSONValue(parsing: bytes)) ?? .null
        self.bytes = bytes
        self.isStreamed = isStreamed
        self.failure = failure
    }

    package var errcode: String? { body["errcode"]?.string }
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    package subscript(_ name: String) -> JSONValue? { body[name] }

    /// The answer where its body may be a stream.
    ///
    /// - Throws: what the stream broke off with.
    package func whole() throws -> EndpointAnswer {
        if let failure { throw failure }
        return self
    }

    /// Short enough for what a failing test says.
    package var description: String { "\(status) \(text.prefix(500))" }
}
