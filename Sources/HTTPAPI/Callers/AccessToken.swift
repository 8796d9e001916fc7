import HTTPTypes
import MatrixCore

/// A secret that a client presented. It never shows in logs.
package struct AccessToken: Sendable, CustomStringConvertible, CustomReflectable {
    /// No token of ours is longer, and nobody should have us hash megabytes.
    private static let maximumBytes = 4096

    package let secret: String

    init(_ secret: String) { self.secret = secret }

    package var description: String { "<access token>" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// The token of a request, from `Authorization: Bearer` or else the query.
    ///
    /// - Returns: nil when the request carries none.
    /// - Throws: `M_MISSING_TOKEN` when the header is there but is no bearer token, or there are several;
    ///   `M_UNKNOWN_TOKEN` when it is longer than any could be.
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#using-access-tokens
    static func presented(headers: HTTPFields, query: Query) throws(MatrixError) -> AccessToken? {
        let values = headers[values: .authorization]
        let secret: String
        if let value = values.first {
            let space = UInt8(ascii: " ")
            let scheme = value.utf8.prefix { $0 != space }
            guard values.count == 1, scheme.elementsEqual("bearer".utf8, by: { $0 | 0x20 == $1 }) else {
                throw .missingToken
            }
            secret = String(Substring(value.utf8[scheme.endIndex...].drop { $0 == space }))
        } else if let value = query["access_token"] {
            secret = value
        } else {
            return nil
        }
        guard !secret.isEmpty else { throw .missingToken }
        guard secret.utf8.count <= maximumBytes else { throw .unknownToken() }
        return AccessToken(secret)
    }
}
