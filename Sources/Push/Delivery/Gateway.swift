import Cluster
import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import Telemetry

/// Push gateways: other people's servers, to which notifications are posted.
///
/// - Spec: https://spec.matrix.org/v1.19/push-gateway-api/#post_matrixpushv1notify
struct Gateway: Sendable {
    static let path = "/_matrix/push/v1/notify"
    /// For one notification, waiting for a place included.
    private static let timeout = Duration.seconds(20)
    private static let maxAnswerBytes = 64 << 10
    /// Requests under way to one host: a slow gateway must not use up what all share.
    private static let maxRequestsPerHost = 16

    private let requests: any OutboundRequests
    private let places: Places<String>
    private let clock: any Clock

    init(requests: any OutboundRequests, clock: any Clock) {
        self.requests = requests
        self.clock = clock
        places = Places(ofEach: Self.maxRequestsPerHost)
    }

    /// What became of a notification.
    enum Outcome: Sendable, Equatable {
        /// With the keys that are not valid any more.
        case taken(rejected: [String])
        /// The gateway will never take it: there is no sense in sending it again.
        case refused
    }

    /// The URL, if it is one that a pusher may have.
    static func url(_ text: String) -> OutboundURL? {
        guard let url = OutboundURL(text), url.target == path else { return nil }
        return url
    }

    /// Posts a notification.
    ///
    /// - Throws: when it did not arrive, and another attempt may help.
    func send(_ body: [UInt8], to url: OutboundURL) async throws -> Outcome {
        try await clock.withDeadline(Self.timeout) { [requests, places] in
            let host = "\(url.host):\(url.port)"
            return try await places.hold(host) {
                let response = try await requests.send(
                    OutboundRequest(
                        .post, url, headers: [.contentType: "application/json"], body: ByteBuffer(bytes: body),
                        timeout: Self.timeout, maximumResponseBytes: Self.maxAnswerBytes))
                return try Self.read(response)
            }
        }
    }

    private static func read(_ response: OutboundResponse) throws -> Outcome {
        guard response.head.isSuccess else {
            // Of the client errors only these may be over later.
            if (400...499).contains(response.status), ![404, 408, 425, 429].contains(response.status) {
                return .refused
            }
            throw GatewayFailure(status: response.status)
        }
        let document = try? JSONDocument(parsing: Array(response.body.readableBytesView))
        let rejected = document?["rejected"]?.array?.compactMap(\.string) ?? []
        return .taken(rejected: rejected)
    }
}

/// A gateway answered that it could not.
struct GatewayFailure: Error {
    let status: Int
}
