/// Numbers as JSON writes them.
enum JSONNumber {
    /// The largest integer that every implementation keeps exactly: 2^53 - 1.
    static let largestExact: Int64 = (1 << 53) - 1

    /// The integer written by `bytes[range]` (an optional minus and digits), or `nil` when it does not fit.
    static func integer(_ bytes: [UInt8], _ range: Range<Int>) -> Int64? {
        var value: Int64 = 0
        var position = range.lowerBound
        let isNegative = bytes[position] == UInt8(ascii: "-")
        if isNegative { position += 1 }
        while position < range.upperBound {
            let digit = Int64(bytes[position] &- UInt8(ascii: "0"))
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            // Negative numbers are built downwards, because the smallest one has no positive counterpart.
            let (sum, tooFar) =
                isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            if tooLarge || tooFar { return nil }
            value = sum
            position += 1
        }
        return value
    }

    /// The double nearest to what `bytes[range]` says, or `nil` when that would be infinite.
    static func double(_ bytes: [UInt8], _ range: Range<Int>) -> Double? {
        guard let value = Double(String(decoding: bytes[range], as: UTF8.self)), value.isFinite else { return nil }
        return value
    }

    static func isCanonical(_ value: Int64) -> Bool { value >= -largestExact && value <= largestExact }

    /// The whole number that `bytes[range]` says with an exponent and without a point: `1e10` is 10000000000.
    ///
    /// What has a point stays a fraction, even `1.0`: events with such numbers (room versions 1 to 5) come from servers
    /// that hashed them as Python writes them.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/appendices/#examples
    static func wholeNumber(_ bytes: [UInt8], _ range: Range<Int>) -> Int64? {
        guard !bytes[range].contains(UInt8(ascii: ".")), let value = double(bytes, range),
            value.magnitude <= Double(largestExact)
        else { return nil }
        return Int64(exactly: value)
    }

    /// The shortest text that reads back as `value`, laid out as Python's `repr` does.
    static func text(_ value: Double) -> String {
        guard value.isFinite else { return "null" }
        if value == 0 { return value.sign == .minus ? "-0.0" : "0.0" }
        let (digits, exponent) = decimal(value.magnitude)
        let sign = value < 0 ? "-" : ""
        if exponent < -4 || exponent >= 16 {
            let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
            let power = exponent.magnitude < 10 ? "0\(exponent.magnitude)" : "\(exponent.magnitude)"
            return "\(sign)\(digits.prefix(1))\(fraction)e\(exponent < 0 ? "-" : "+")\(power)"
        }
        if exponent < 0 { return "\(sign)0.\(String(repeating: "0", count: -exponent - 1))\(digits)" }
        let whole = digits.prefix(exponent + 1)
        let padding = String(repeating: "0", count: exponent + 1 - whole.count)
        let fraction = digits.dropFirst(exponent + 1)
        return "\(sign)\(whole)\(padding).\(fraction.isEmpty ? "0" : fraction)"
    }

    /// The shortest digits of a positive number without zeros at either end, and the power of ten of the first one.
    private static func decimal(_ value: Double) -> (digits: String, exponent: Int) {
        let parts = value.description.split(separator: "e", maxSplits: 1)
        var exponent = parts.count == 2 ? Int(parts[1]) ?? 0 : 0
        let mantissa = parts[0].split(separator: ".", maxSplits: 1)
        var digits = String(mantissa[0]) + (mantissa.count == 2 ? String(mantissa[1]) : "")
        exponent += mantissa[0].count - 1
        while digits.count > 1, digits.hasPrefix("0") {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.count > 1, digits.hasSuffix("0") { digits.removeLast() }
        return (digits, exponent)
    }
}
