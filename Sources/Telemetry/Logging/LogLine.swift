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
        let time = CivilTime(milliseconds: milliseconds)
        appendNumber(Int(time.year), digits: 4)
        for (separator, value) in [
            ("-", time.month), ("-", time.day), ("T", time.hour), (":", time.minute), (":", time.second),
        ] {
            append(separator)
            appendNumber(value, digits: 2)
        }
        append(".")
        appendNumber(time.millisecond, digits: 3)
        append("Z")
    }

    private mutating func appendNumber(_ number: Int, digits: Int) {
        let text = String(number)
        for _ in 0..<max(0, digits - text.utf8.count) { bytes.append(0x30) }
        append(text)
    }
}
