/// Why some bytes are not the JSON that was asked for. Every case tells the byte at which it was noticed.
package enum JSONError: Error, Hashable, Sendable {
    /// The bytes are not UTF-8.
    case notUTF8(offset: Int)
    /// More bytes than the limit given.
    case tooLarge(byteCount: Int)
    /// Containers nested deeper than the limit given.
    case tooDeep(offset: Int)
    /// The text ends inside a value.
    case unexpectedEnd(offset: Int)
    /// A byte that the grammar does not allow here.
    case unexpectedByte(offset: Int)
    /// Something stands after the value.
    case trailingBytes(offset: Int)
    /// A control character that stands in a string without an escape.
    case controlCharacter(offset: Int)
    /// A backslash followed by nothing that JSON knows.
    case badEscape(offset: Int)
    /// `\ud800` to `\udfff` without its other half: there is no such Unicode string.
    case loneSurrogate(offset: Int)
    /// Digits, points and exponents in an order that the grammar does not allow.
    case badNumber(offset: Int)
    /// A number too large for a double, or for canonical JSON where that was asked for.
    case numberOutOfRange(offset: Int)
    /// A fraction, an exponent or `-0` where canonical JSON was asked for.
    case notAnInteger(offset: Int)
}
