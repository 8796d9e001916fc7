/// The `Authorization` header with which a server says who it is.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#request-authentication
package struct XMatrixAuthorization: Hashable, Sendable {
    /// No honest header is longer: two server names, a key id, a signature.
    package static let longestHeader = 2048
    private static let scheme = "x-matrix"

    package let origin: ServerName
    /// Older servers leave it out. When it is there it must be us.
    package let destination: ServerName?
    package let keyID: SigningKeyID
    /// Base64.
    package let signature: String

    package init(origin: ServerName, destination: ServerName?, keyID: SigningKeyID, signature: String) {
        self.origin = origin
        self.destination = destination
        self.keyID = keyID
        self.signature = signature
    }

    /// `nil` when the header has another scheme, is malformed, names a parameter twice, or lacks one.
    package init?(header: String) {
        guard header.utf8.count <= Self.longestHeader else { return nil }
        var reader = AuthorizationReader(header)
        guard reader.readScheme().lowercased() == Self.scheme, let parameters = reader.readParameters(),
            let origin = parameters["origin"].flatMap(ServerName.init),
            let keyID = parameters["key"].flatMap(SigningKeyID.init),
            let signature = parameters["sig"], !signature.isEmpty
        else { return nil }
        if let name = parameters["destination"] {
            guard let destination = ServerName(name) else { return nil }
            self.init(origin: origin, destination: destination, keyID: keyID, signature: signature)
        } else {
            self.init(origin: origin, destination: nil, keyID: keyID, signature: signature)
        }
    }

    /// The header as older servers read it too: lower-case names, no spaces, everything quoted. None of the values can hold
    /// a quote or a backslash, except a signature that was not made by us; that one is escaped.
    package var header: String {
        var parts = ["origin=\"\(origin)\""]
        if let destination { parts.append("destination=\"\(destination)\"") }
        parts.append("key=\"\(Self.escaped(keyID.description))\"")
        parts.append("sig=\"\(Self.escaped(signature))\"")
        return "X-Matrix \(parts.joined(separator: ","))"
    }

    private static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) else { return text }
        var result = ""
        for character in text.unicodeScalars {
            if character == "\"" || character == "\\" { result.unicodeScalars.append("\\") }
            result.unicodeScalars.append(character)
        }
        return result
    }
}

/// Reads `scheme name=value, name="quoted \" value"`.
///
/// - Spec: https://datatracker.ietf.org/doc/html/rfc9110#section-11.4
private struct AuthorizationReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func readScheme() -> String {
        let scheme = readToken()
        // At least one space must follow, or it was another scheme that begins alike.
        return byte == UInt8(ascii: " ") ? scheme : ""
    }

    /// All parameters with their names in lower case; `nil` when malformed, or when a name comes twice.
    mutating func readParameters() -> [String: String]? {
        var parameters: [String: String] = [:]
        while true {
            skipSpaces()
            guard let next = byte else { return parameters }
            if next == UInt8(ascii: ",") {
                position += 1
                continue
            }
            let name = readToken().lowercased()
            skipSpaces()
            guard !name.isEmpty, byte == UInt8(ascii: "=") else { return nil }
            position += 1
            skipSpaces()
            guard let value = byte == UInt8(ascii: "\"") ? readQuoted() : readUnquoted(),
                parameters.updateValue(value, forKey: name) == nil
            else { return nil }
            skipSpaces()
            guard byte == nil || byte == UInt8(ascii: ",") else { return nil }
        }
    }

    private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpaces() {
        while byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { position += 1 }
    }

    private mutating func readToken() -> String {
        let start = position
        while let byte, IdentifierGrammar.isAlphanumeric(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte) {
            position += 1
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// Older servers leave out quotes around what is no token (colons, base64), so everything goes that cannot be
    /// mistaken for the end.
    private mutating func readUnquoted() -> String? {
        let start = position
        while let byte, byte > 0x20, byte < 0x7F, byte != UInt8(ascii: ","), byte != UInt8(ascii: "\"") {
            position += 1
        }
        return start == position ? nil : String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func readQuoted() -> String? {
        position += 1
        let start = position
        while let next = byte, next != UInt8(ascii: "\""), next != UInt8(ascii: "\\") { position += 1 }
        var text = Array(bytes[start..<position])
        while let next = byte {
            position += 1
            if next == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
            if next == UInt8(ascii: "\\") {
                guard let escaped = byte else { return nil }
                position += 1
                text.append(escaped)
            } else {
                text.append(next)
            }
        }
        return nil
    }
}
