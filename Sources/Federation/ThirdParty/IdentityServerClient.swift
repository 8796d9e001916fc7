package import HTTPAPI
import HTTPTypes
package import MatrixCore
import NIOCore

/// An address that is no Matrix user: of an e-mail account or a telephone.
package struct ThirdPartyAddress: Hashable, Sendable {
    /// `email` or `msisdn`.
    package let medium: String
    package let address: String

    private static let mediums = ["email", "msisdn"]
    /// No address is as long.
    private static let maxBytes = 500

    /// `nil` for other media, and for what is no address at all.
    package init?(medium: String, address: String) {
        guard Self.mediums.contains(medium), (1...Self.maxBytes).contains(address.utf8.count),
            address.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
        else { return nil }
        self.medium = medium
        self.address = medium == "email" ? address.lowercased() : address
    }
}

/// Asks identity servers, which users bring along: nothing that they answer is believed without need, and what they refuse says
/// nothing about us.
///
/// - Spec: https://spec.matrix.org/v1.19/identity-service-api/
package struct IdentityServerClient: Sendable {
    private static let timeout = Duration.seconds(15)
    private static let maximumBytes = 1 << 16
    private static let prefix = "/_matrix/identity/v2"
    private static let hashing = "sha256"

    private let requests: any OutboundRequests
    /// `false` in tests.
    private let isTLS: Bool

    package init(requests: any OutboundRequests, isTLS: Bool = true) {
        self.requests = requests
        self.isTLS = isTLS
    }

    /// The user to whom an address is bound; `nil` when there is none.
    ///
    /// - Parameter token: for that server, as the client gave it.
    /// - Throws: `MatrixError`: 502 when the server cannot be reached or gives no sensible answer, 400 `M_INVALID_PARAM` when it
    ///   does not take the token.
    package func user(of address: ThirdPartyAddress, at server: ServerName, token: String) async throws -> UserID? {
        let details = try await ask(.get, server, "/hash_details", token: token)
        guard let pepper = details["lookup_pepper"]?.string,
            details["algorithms"]?.array?.contains(where: { $0.stringEquals(Self.hashing) }) == true
        else { throw Self.nonsense }
        let text = "\(address.address) \(address.medium) \(pepper)"
        let hash = Base64.encodeURLSafe(SHA256.hash(Array(text.utf8)))
        let found = try await ask(
            .post, server, "/lookup", token: token,
            body: ["addresses": [.string(hash)], "algorithm": .string(Self.hashing), "pepper": .string(pepper)])
        return found["mappings"]?[hash]?.string.flatMap { UserID($0) }
    }

    /// What an identity server promises for an invite that it keeps.
    struct StoredInvite: Sendable {
        let token: String
        /// Of an `m.room.third_party_invite` event.
        let content: JSONValue
    }

    /// Has an invite kept until somebody proves to have the address.
    ///
    /// - Parameter details: of the room and who invites, as the identity server's mail shows them.
    func store(
        _ address: ThirdPartyAddress, details: [String: JSONValue], at server: ServerName, token: String
    ) async throws -> StoredInvite {
        var body = details
        body["medium"] = .string(address.medium)
        body["address"] = .string(address.address)
        let stored = try await ask(.post, server, "/store-invite", token: token, body: .object(body))
        guard let state = stored["token"]?.string, (1...EventLimits.keyBytes).contains(state.utf8.count),
            let name = stored["display_name"]?.string, let keys = stored["public_keys"]?.array,
            let first = keys.first(where: { $0["public_key"]?.isString == true })
        else { throw Self.nonsense }
        let offered = keys.prefix(2).compactMap(Self.key)
        var content: [String: JSONValue] = ["display_name": .string(name), "public_keys": .array(offered)]
        content["public_key"] = first["public_key"]?.value()
        content["key_validity_url"] = first["key_validity_url"]?.value() ?? ""
        return StoredInvite(token: state, content: .object(content))
    }

    private static func key(_ entry: JSONView) -> JSONValue? {
        guard let encoded = entry["public_key"]?.string else { return nil }
        var key: [String: JSONValue] = ["public_key": .string(encoded)]
        if let url = entry["key_validity_url"]?.string { key["key_validity_url"] = .string(url) }
        return .object(key)
    }

    /// Whether a key is still valid, as the server says that has it.
    ///
    /// - Parameter url: as the room has it. It leads nowhere that the operator does not allow.
    func isValid(_ key: ThirdPartyOffer.Key) async throws -> Bool {
        guard let text = key.validityURL, !text.isEmpty else { return true }
        let separator = text.contains("?") ? "&" : "?"
        guard let url = OutboundURL("\(text)\(separator)public_key=\(Self.encode(key.encoded))"), url.isTLS == isTLS
        else { return false }
        let request = OutboundRequest(
            .get, url, timeout: Self.timeout, maximumResponseBytes: Self.maximumBytes)
        let answer = try await answer(to: request)
        return answer["valid"]?.bool ?? false
    }

    /// Base64 has three characters that mean something in a query.
    private static func encode(_ key: String) -> String {
        var encoded = ""
        for character in key.unicodeScalars {
            switch character {
            case "+": encoded += "%2B"
            case "/": encoded += "%2F"
            case "=": encoded += "%3D"
            default: encoded.unicodeScalars.append(character)
            }
        }
        return encoded
    }

    // MARK: Requests

    private func ask(
        _ method: HTTPRequest.Method, _ server: ServerName, _ path: String, token: String, body: JSONValue? = nil
    ) async throws -> JSONView {
        // Strictly read once more: a name of Matrix may be none of a host.
        let host = server.hostKind == .ipv6 ? "[\(server.host)]" : server.host
        let port = server.port.map { ":\($0)" } ?? ""
        guard let url = OutboundURL("\(isTLS ? "https" : "http")://\(host)\(port)\(Self.prefix)\(path)") else {
            throw MatrixError.invalidParam("The identity server has no such name")
        }
        // A header ends where a line ends.
        guard token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw MatrixError.invalidParam("id_access_token is not valid")
        }
        var request = OutboundRequest(
            method, url, headers: [.authorization: "Bearer \(token)"], timeout: Self.timeout,
            maximumResponseBytes: Self.maximumBytes)
        if let body {
            request.headers[.contentType] = "application/json"
            request.body = ByteBuffer(bytes: body.canonicalBytes)
        }
        return try await answer(to: request)
    }

    private func answer(to request: OutboundRequest) async throws -> JSONView {
        let response: OutboundResponse
        do { response = try await requests.send(request) } catch is OutboundError {
            throw MatrixError(.unknown, "The identity server cannot be reached", status: 502)
        }
        guard response.head.isSuccess else { throw Self.refusal(response.status) }
        guard let document = try? JSONDocument(parsing: Array(response.body.readableBytesView)), document.root.isObject
        else { throw Self.nonsense }
        return document.root
    }

    /// What it refuses never looks as if we had refused it: a client would log out.
    private static func refusal(_ status: Int) -> MatrixError {
        switch status {
        case 401, 403: MatrixError.invalidParam("The identity server does not take id_access_token")
        default: MatrixError(.unknown, "The identity server refused", status: 502)
        }
    }

    private static var nonsense: MatrixError {
        MatrixError(.unknown, "The identity server gave no sensible answer", status: 502)
    }
}
