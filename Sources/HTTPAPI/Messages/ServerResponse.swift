package import HTTPTypes
package import NIOCore

/// An answer, ready to be sent.
package struct ServerResponse: Sendable {
    package enum Body: Sendable {
        case buffer(ByteBuffer)
        /// Bytes that are made while they are sent; `length` if it is known beforehand.
        case stream(BodyStream, length: Int?)

        package static var empty: Body { .buffer(ByteBuffer()) }
    }

    package var status: HTTPResponse.Status
    package var headers: HTTPFields
    package var body: Body

    package init(status: HTTPResponse.Status = .ok, headers: HTTPFields = [:], body: Body = .empty) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A JSON answer.
    package init(status: HTTPResponse.Status = .ok, json: ByteBuffer) {
        self.init(status: status, headers: [.contentType: "application/json"], body: .buffer(json))
    }

    package var announcedBytes: Int? {
        switch body {
        case .buffer(let buffer): buffer.readableBytes
        case .stream(_, let length): length
        }
    }
}
