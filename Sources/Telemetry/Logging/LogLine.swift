/// The bytes of one log record.
///
/// Values come from the network. So everything that could end a line, colour a terminal or break out of a string is
/// escaped, and a value is cut at `maximumValueBytes`.
struct LogLine {
    private static let maximumValueBytes = 2048

    private let format: LogFormat
    private(set) var bytes: [UInt8] = []

    init(format: LogFormat) {
        self.format = format
        bytes.reserveCapacity(256)
    }

    mutating func render(
        milliseconds: Int64, level: String, label: String, message: String, fields: [(key: String, value: String)]
    ) {
        switch format {
        case .text:
            appendTimestamp(milliseconds)
            append(" ")
            append(level)
            append(" ")
            append(label)
            append(": ")
            appendEscaped(message, quote: false)
            for (key, value) in fields {
                append(" ")
                append(key)
                append("=")
                appendTextValue(value)
            }
        case .json:
            append("{\"time\":\"")
            appendTimestamp(milliseconds)
            append("\"")
            for (key, value) in [("level", level), ("label", label), ("message", message)] + fields {
                append(",\"")
                appendEscaped(key, quote: true)
                append("\":\"")
                appendEscaped(value, quote: true)
                append("\"")
            }
            append("}")
        }
        append("\n")
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func appendTextValue(_ value: String) {
        let plain =
            !value.isEmpty && value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C && $0 != 0x3D }
        if plain, value.utf8.count <= Self.maximumValueBytes {
            append(value)
        } else {
            append("\"")
            appendEscaped(value, quote: true)
            append("\"")
        }
    }

    /// Appends with control characters (also the C1 ones and Unicode line separators) written as `\uXXXX`.
    private mutating func appendEscaped(_ text: String, quote: Bool) {
        let start = bytes.count
        for scalar in text.unicodeScalars {
            if bytes.count - start >= Self.maximumValueBytes { return append("...") }
            switch scalar.value {
            case 0x0A: append("\\n")
            case 0x22 where quote: append("\\\"")
            case 0x5C where quote: append("\\\\")
            case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069:
                let digits = String(scalar.value, radix: 16)
                append("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
            default: bytes.append(contentsOf: scalar.utf8)
            }
        }
    }

    /// RFC 3339 in UTC with milliseconds.
    private mutating func appendTimestamp(_ milliseconds: Int64) {
        let (days, ofDay) = Self.floorDivide(milliseconds, 86_400_000)
        // Days to civil date, from the eras of 400 years that begin on the first of March.
        let shifted = days + 719_468
        let (era, dayOfEra) = Self.floorDivide(shifted, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        appendNumber(year, digits: 4)
        for (separator, value) in [("-", month), ("-", day), ("T", ofDay / 3_600_000), (":", ofDay / 60_000 % 60)] {
            append(separator)
            appendNumber(value, digits: 2)
        }
        append(":")
        appendNumber(ofDay / 1000 % 60, digits: 2)
        append(".")
        appendNumber(ofDay % 1000, digits: 3)
        append("Z")
    }

    private mutating func appendNumber(_ number: Int64, digits: Int) {
        let text = String(number)
        for _ in 0..<max(0, digits - text.utf8.count) { bytes.append(0x30) }
        append(text)
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
