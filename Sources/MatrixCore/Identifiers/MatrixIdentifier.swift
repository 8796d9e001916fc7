/// An identifier that was checked against its grammar when it was made, and cannot be changed after.
///
/// Identifiers are compared and ordered by their bytes: `é` written in two ways makes two identifiers.
package protocol MatrixIdentifier: Hashable, Sendable, Comparable, LosslessStringConvertible {
    init?(_ text: String)
}

extension MatrixIdentifier {
    package static func == (left: Self, right: Self) -> Bool {
        var (left, right) = (left.description, right.description)
        return left.withUTF8 { left in right.withUTF8 { left.count == $0.count && left.elementsEqual($0) } }
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        var text = description
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

/// What the grammars of identifiers have in common.
///
/// - Spec: https://spec.matrix.org/v1.19/appendices/#identifier-grammar
enum IdentifierGrammar {
    /// The longest identifier, in bytes, sigil and server name included.
    static let longest = 255

    /// Splits `<sigil><localpart>:<server name>` at the first colon, if each part is as it must be.
    static func split(_ text: String, sigil: UInt8) -> (localpart: Substring, serverName: Substring)? {
        let bytes = text.utf8
        guard bytes.count <= longest, bytes.first == sigil, let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else {
            return nil
        }
        let start = bytes.index(after: bytes.startIndex)
        let localpart = text[start..<colon]
        let serverName = text[bytes.index(after: colon)...]
        guard !localpart.utf8.contains(0), ServerName.isValid(serverName.utf8) else { return nil }
        return (localpart, serverName)
    }

    /// The part between the sigil and the first colon (or the end).
    static func localpart(of text: String) -> String {
        let bytes = text.utf8
        let end = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
        return String(text[bytes.index(after: bytes.startIndex)..<end])
    }

    /// The part after the first colon, when there is one.
    static func serverName(of text: String) -> ServerName? {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        return ServerName(unchecked: String(text[text.utf8.index(after: colon)...]))
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 0x20) &- UInt8(ascii: "a") < 26
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    static func isLowercase(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "a") < 26 }

    /// Letters, digits, minus and underscore.
    static func isURLSafeBase64(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
}

/// Identifiers that are plain strings, because nothing but their grammar is known about them.
///
/// - Spec: https://spec.matrix.org/v1.19/appendices/#opaque-identifiers
package enum OpaqueIdentifier {
    /// 1 to 255 letters, digits, `-`, `.`, `_` or `~`.
    package static func isValid(_ text: String) -> Bool {
        let bytes = text.utf8
        return !bytes.isEmpty && bytes.count <= IdentifierGrammar.longest
            && bytes.allSatisfy {
                IdentifierGrammar.isURLSafeBase64($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "~")
            }
    }

    /// The common namespaced identifier grammar: `m.something`, `org.example.thing`.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/appendices/#common-namespaced-identifier-grammar
    package static func isNamespaced(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, IdentifierGrammar.isLowercase(first), bytes.count <= IdentifierGrammar.longest
        else {
            return false
        }
        return bytes.allSatisfy {
            IdentifierGrammar.isLowercase($0) || IdentifierGrammar.isDigit($0) || $0 == UInt8(ascii: "-")
                || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
        }
    }

    /// Device ids have no grammar; clients choose them. Ours is a bound, and nothing that cannot be stored or logged.
    package static func isDeviceID(_ text: String) -> Bool {
        let bytes = text.utf8
        return !bytes.isEmpty && bytes.count <= IdentifierGrammar.longest
            && bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
}
