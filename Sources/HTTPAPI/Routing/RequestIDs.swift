import HTTPTypes
import Synchronization
import Telemetry

/// Names requests that failed, so that what a user reports can be found in the log.
final class RequestIDs: Sendable {
    private let prefix: String
    private let count = Atomic<UInt64>(0)

    init(random: any RandomSource) { prefix = random.token(length: 8, alphabet: .lowerCase) }

    func next() -> String {
        "\(prefix)-\(count.wrappingAdd(1, ordering: .relaxed).newValue)"
    }
}

extension HTTPField.Name {
    /// Made of constant characters that a field name may have.
    static let requestID = HTTPField.Name("X-Request-ID")!
}
