/// Numbers of seven bits a byte, lowest first (LEB128): positions and interned numbers are small most of the time.
package enum VariableLengthNumber {
    /// Appends a number; a negative one, which no caller has, takes ten bytes and is refused by `next`.
    package static func append(_ number: Int64, to bytes: inout [UInt8]) {
        var rest = UInt64(bitPattern: number)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// The next number; `nil` when the bytes end before it does, or it does not fit `0 ... Int64.max`.
    package static func next(_ bytes: inout ArraySlice<UInt8>) -> Int64? {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 63, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            number |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return Int64(exactly: number) }
        }
        return nil
    }
}
