/// The header that says whether a file is shown or saved, and under which name.
///
/// - Spec: https://www.rfc-editor.org/rfc/rfc6266
struct ContentDisposition: Hashable, Sendable {
    enum Kind: String, Sendable {
        case inline
        case attachment
    }

    let kind: Kind
    let name: String?

    init(_ kind: Kind, name: String?) {
        self.kind = kind
        self.name = name
    }

    var header: String {
        guard let name else { return kind.rawValue }
        // Quoting hides a quote or a backslash from some readers and not from others; encoding does from none.
        if name.utf8.allSatisfy({ (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") })
        {
            return "\(kind.rawValue); filename=\"\(name)\""
        }
        return "\(kind.rawValue); filename*=UTF-8''\(Self.encoded(name))"
    }

    /// - Spec: https://www.rfc-editor.org/rfc/rfc5987#section-3.2.1
    private static func encoded(_ name: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let bytes = name.utf8.flatMap { byte -> [UInt8] in
            isAttributeCharacter(byte)
                ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isAttributeCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$&+-.^_`|~".utf8.contains(byte)
        }
    }
}
