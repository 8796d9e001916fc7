import HTTPTypes
import MatrixCore
import NIOCore
package import Telemetry

/// What load balancers and monitoring ask of every process.
package enum OperationalEndpoints {
    /// `GET /health`: the process is alive. It asks nobody, so that a stopped database does not get workers killed.
    package static func health() -> ServedEndpoint {
        ServedEndpoint(Route("health", .get, "/health")) { _ in text("OK") }
    }

    /// `GET /ready`: 200 when requests may be sent here, 503 with the reason when not.
    ///
    /// - Parameter reason: nil when ready; else what is missing, in words that outsiders may read.
    package static func ready(_ reason: @escaping @Sendable () async -> String?) -> ServedEndpoint {
        ServedEndpoint(Route("ready", .get, "/ready")) { _ in
            if let reason = await reason() { return text(reason, status: .serviceUnavailable) }
            return text("OK")
        }
    }

    /// `GET /metrics`: for the metrics listener only, since it tells about the inside.
    package static func metrics(_ registry: MetricsRegistry) -> ServedEndpoint {
        ServedEndpoint(Route("metrics", .get, "/metrics")) { _ in
            .bytes(
                ByteBuffer(string: registry.prometheusText()), contentType: "text/plain; version=0.0.4; charset=utf-8")
        }
    }

    private static func text(_ text: String, status: HTTPResponse.Status = .ok) -> ServerResponse {
        .bytes(ByteBuffer(string: text + "\n"), contentType: "text/plain; charset=utf-8", status: status)
    }
}
