import MatrixCore
import Storage

/// What the tokens that clients carry have in common.
///
/// On the wire: a letter that says which kind it is, and the url-safe base64 of a version byte, four bytes of the incarnation of the
/// database, and what the kind adds: mostly LEB128 numbers.
struct TokenFrame {
    private static let format: UInt8 = 1
    private static let headerLength = 5

    /// Of the database that the token is of.
    let incarnation: UInt32
    /// What the kind has added.
    let content: ArraySlice<UInt8>

    /// - Returns: `nil` for what is no token of the kind.
    init?(_ text: String, of kind: Unicode.Scalar, maxLength: Int) {
        guard text.utf8.count <= maxLength, text.utf8.first == UInt8(ascii: kind),
            let bytes = Base64.decode(String(text.dropFirst())), bytes.count > Self.headerLength,
            bytes[0] == Self.format
        else { return nil }
        incarnation = bytes[1..<Self.headerLength].reduce(0) { $0 << 8 | UInt32($1) }
        content = bytes[Self.headerLength...]
    }

    static func encode(_ kind: Unicode.Scalar, incarnation: UInt32, _ write: (inout [UInt8]) -> Void) -> String {
        var bytes = [format]
        withUnsafeBytes(of: incarnation.bigEndian) { bytes.append(contentsOf: $0) }
        write(&bytes)
        return "\(kind)" + Base64.encodeURLSafe(bytes)
    }
}

extension InboxPlace {
    func append(to bytes: inout [UInt8]) {
        VariableLengthNumber.append(position, to: &bytes)
        VariableLengthNumber.append(Int64(order), to: &bytes)
    }

    /// What `append` wrote; `nil` when it is something else.
    init?(next bytes: inout ArraySlice<UInt8>) {
        guard let position = VariableLengthNumber.next(&bytes), let order = VariableLengthNumber.next(&bytes),
            let order = Int32(exactly: order)
        else { return nil }
        self.init(position: position, order: order)
    }
}
