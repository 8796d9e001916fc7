package import MatrixCore

/// A request to another server, before it is signed.
package struct FederationCall: Sendable {
    /// Enough for anything but the state of a room.
    package static let usualBytes = 16 << 20
    /// State and auth chain of the largest rooms. Their events are checked one by one when they are here.
    package static let stateBytes = 200 << 20

    package enum Method: String, Sendable { case get = "GET", put = "PUT", post = "POST" }

    package let method: Method
    package let destination: ServerName
    /// Path and query, encoded.
    package let target: String
    /// A JSON object, if there is a body.
    package let body: [UInt8]?
    package var timeout = Duration.seconds(60)
    package var maximumBytes = usualBytes

    /// - Parameters:
    ///   - prefix: such as `/_matrix/federation/v1/make_join`, which needs no encoding.
    ///   - segments: what follows it, a segment each, not encoded yet.
    package init(
        _ method: Method, to destination: ServerName, _ prefix: String, _ segments: [String] = [],
        query: [(name: String, value: String)] = [], body: [UInt8]? = nil
    ) {
        self.method = method
        self.destination = destination
        self.body = body
        var target = prefix
        for segment in segments { target += "/" + Self.encode(segment) }
        for (index, item) in query.enumerated() {
            target += "\(index == 0 ? "?" : "&")\(Self.encode(item.name))=\(Self.encode(item.value))"
        }
        self.target = target
    }

    /// Percent-encodes everything but what never needs it.
    ///
    /// - Spec: https://www.rfc-editor.org/rfc/rfc3986#section-2.3
    static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count + 16)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.append(byte)
            default: encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
