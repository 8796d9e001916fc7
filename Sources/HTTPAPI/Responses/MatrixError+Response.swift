import HTTPTypes
package import MatrixCore
import NIOCore

extension MatrixError {
    /// The error as it goes over the wire.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#standard-error-response
    package var response: ServerResponse {
        let json = JSONWriter.write(reservingCapacity: 128) { writer in
            writer.object { writer in
                if let errcode {
                    writer.field("errcode", errcode.rawValue)
                    writer.field("error", message)
                }
                if let retryAfter { writer.field("retry_after_ms", max(0, retryAfter.wholeMillisecondsUp)) }
                for (name, value) in fields.sorted(by: { $0.key < $1.key }) { writer.field(name, value) }
            }
        }
        var response = ServerResponse(
            status: HTTPResponse.Status(code: (300...599).contains(status) ? status : 500),
            json: ByteBuffer(bytes: json))
        if let retryAfter {
            // Whole seconds, rounded up: who waits as long as it is told must not be refused again.
            response.headers[.retryAfter] = String(max(1, (retryAfter.wholeMillisecondsUp + 999) / 1000))
        }
        return response
    }
}

extension Duration {
    /// Milliseconds, rounded up.
    fileprivate var wholeMillisecondsUp: Int64 {
        let (seconds, attoseconds) = components
        let ceiling: Int64 = 1 << 40
        return min(max(seconds, 0), ceiling) * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
