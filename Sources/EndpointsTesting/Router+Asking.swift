package import HTTPAPI
package import HTTPTypes
package import MatrixCore
import NIOCore

extension Router {
    /// Sends a request as a client does, and reads the answer.
    ///
    /// - Parameters:
    ///   - target: path and query.
    ///   - token: the access token.
    package func ask(
        _ method: HTTPRequest.Method, _ target: String, _ body: JSONValue? = nil, token: String? = nil,
        headers: HTTPFields = [:]
    ) async -> EndpointAnswer {
        await ask(method, target, bytes: body?.canonicalBytes, token: token, headers: headers)
    }

    /// The same with a body that need not be JSON.
    package func ask(
        _ method: HTTPRequest.Method, _ target: String, bytes: [UInt8]?, token: String? = nil,
        headers: HTTPFields = [:]
    ) async -> EndpointAnswer {
        var headers = headers
        if let token { headers[.authorization] = "Bearer \(token)" }
        let response = await respond(
            to: ServerRequest(
                method: method, target: target, headers: headers, clientAddress: "192.0.2.1",
                body: bytes.map { .buffer(ByteBuffer(bytes: $0)) } ?? .empty))
        return await EndpointAnswer(reading: response)
    }
}
