import MatrixCore
package import Storage

/// A place in a device's inbox as clients of sliding sync carry it: what is at or below it they have got.
///
/// It is bound to the database, as a sync token is: after a restore the same places will be given out again.
///
/// On the wire: `t` and the url-safe base64 of a version byte, four bytes of incarnation, and LEB128 numbers.
package enum InboxToken {
    private static let maxLength = 64
    private static let format: UInt8 = 1
    private static let headerLength = 5

    package static func encode(_ place: InboxPlace, incarnation: UInt32) -> String {
        var bytes: [UInt8] = [format]
        withUnsafeBytes(of: incarnation.bigEndian) { bytes.append(contentsOf: $0) }
        VariableLengthNumber.append(place.position, to: &bytes)
        VariableLengthNumber.append(Int64(place.order), to: &bytes)
        return "t" + Base64.encodeURLSafe(bytes)
    }

    /// - Returns: the place, and the database that it is of; `nil` for what is none of our tokens.
    package static func decode(_ text: String) -> (place: InboxPlace, incarnation: UInt32)? {
        guard text.utf8.count <= maxLength, text.utf8.first == UInt8(ascii: "t"),
            let bytes = Base64.decode(String(text.dropFirst())), bytes.count > headerLength, bytes[0] == format
        else { return nil }
        let incarnation = bytes[1..<headerLength].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        var rest = bytes[headerLength...]
        guard let position = VariableLengthNumber.next(&rest), let order = VariableLengthNumber.next(&rest),
            let order = Int32(exactly: order), rest.isEmpty
        else { return nil }
        return (InboxPlace(position: position, order: order), incarnation)
    }
}
