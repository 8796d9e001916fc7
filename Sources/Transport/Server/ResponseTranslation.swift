import HTTPAPI
import HTTPTypes
import NIOCore
import NIOHTTP1

/// Turns answers of the API into heads as NIO writes them.
enum ResponseTranslation {
    static func head(
        _ response: ServerResponse, to request: HTTPRequestHead, date: String, keepsAlive: Bool
    ) -> HTTPResponseHead {
        var headers = HTTPHeaders()
        headers.reserveCapacity(response.headers.count + 3)
        for field in response.headers { headers.add(name: field.name.rawName, value: field.value) }
        let status = HTTPResponseStatus(statusCode: response.status.code)
        if let length = response.announcedBytes, status.mayHaveResponseBody, !response.headers.contains(.contentLength)
        {
            headers.add(name: "Content-Length", value: String(length))
        }
        headers.add(name: "Date", value: date)
        if !keepsAlive {
            headers.add(name: "Connection", value: "close")
        } else if request.version != .http1_1 {
            headers.add(name: "Connection", value: "keep-alive")
        }
        return HTTPResponseHead(version: request.version, status: status, headers: headers)
    }

    /// Whether the connection may go on after this answer.
    static func keepsAlive(_ request: HTTPRequestHead, _ response: ServerResponse) -> Bool {
        // After a request to upgrade, the codec reads no more; and without a length HTTP/1.0 needs the end.
        request.isKeepAlive && request.headers.first(name: "upgrade") == nil
            && (request.version == .http1_1 || response.announcedBytes != nil)
    }
}
