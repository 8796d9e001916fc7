package import HTTPTypes
package import MatrixCore
package import NIOCore

/// What an endpoint answers.
package protocol ResponseEncodable: Sendable {
    consuming func encode() throws -> ServerResponse
}

/// An answer that is a JSON object with status 200.
package protocol JSONResponse: ResponseEncodable {
    /// Roughly how many bytes it takes, so that the buffer grows once.
    var expectedBytes: Int { get }
    /// Writes the object, braces included.
    func write(to json: inout JSONWriter)
}

extension JSONResponse {
    package var expectedBytes: Int { 256 }

    package func encode() -> ServerResponse {
        var writer = JSONWriter(reservingCapacity: expectedBytes)
        write(to: &writer)
        return ServerResponse(json: ByteBuffer(bytes: writer.bytes))
    }
}

/// `{}`
package struct EmptyObject: JSONResponse {
    package init() {}
    package func write(to json: inout JSONWriter) { json.object { _ in } }
}

extension JSONValue: JSONResponse {
    package func write(to json: inout JSONWriter) { json.value(self) }
}

/// JSON that is there already, as stored or as received and checked. Invariant: the bytes are one valid JSON value.
package struct RawJSON: ResponseEncodable {
    private let status: HTTPResponse.Status
    private let bytes: ByteBuffer

    package init(_ bytes: [UInt8], status: HTTPResponse.Status = .ok) {
        self.bytes = ByteBuffer(bytes: bytes)
        self.status = status
    }

    package init(_ bytes: ArraySlice<UInt8>, status: HTTPResponse.Status = .ok) {
        self.bytes = ByteBuffer(bytes: bytes)
        self.status = status
    }

    package func encode() -> ServerResponse { ServerResponse(status: status, json: bytes) }
}

/// Anything else: files, pages, redirections.
extension ServerResponse: ResponseEncodable {
    package consuming func encode() -> ServerResponse { self }
}

extension ServerResponse {
    /// Bytes of a given type.
    package static func bytes(
        _ bytes: ByteBuffer, contentType: String, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) -> ServerResponse {
        var response = ServerResponse(status: status, headers: headers, body: .buffer(bytes))
        response.headers[.contentType] = contentType
        return response
    }

    /// Bytes that are sent while they are read.
    package static func stream(
        _ stream: BodyStream, length: Int?, contentType: String, headers: HTTPFields = [:]
    ) -> ServerResponse {
        var response = ServerResponse(headers: headers, body: .stream(stream, length: length))
        response.headers[.contentType] = contentType
        return response
    }

    /// A 302 to another place.
    package static func redirect(to location: String, status: HTTPResponse.Status = .found) -> ServerResponse {
        ServerResponse(status: status, headers: [.location: location])
    }
}
