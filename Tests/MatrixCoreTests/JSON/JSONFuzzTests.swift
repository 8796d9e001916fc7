import MatrixCore
import Testing

/// Values made from a seed, and bytes spoilt by one: the parser must agree with itself, and must never trap.
struct JSONFuzzTests {
    @Test(arguments: 0..<40 as Range<UInt64>)
    func roundTripsRandomValues(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<25 {
            let value = random.value(depth: 4)
            let canonical = value.canonicalBytes
            let written = random.write(value)
            let document = try JSONDocument(parsing: written)
            #expect(document.root.value() == value, "seed \(seed)")
            #expect(try CanonicalJSON.encode(document.root, strict: true) == canonical, "seed \(seed)")
            let again = try JSONDocument(parsing: canonical)
            #expect(again.isCanonical, "seed \(seed)")
            #expect(again.root.value() == value, "seed \(seed)")
        }
    }

    /// Whatever is accepted has a canonical form that means the same; nothing traps.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func survivesSpoiltBytes(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<100 {
            var bytes = random.write(random.value(depth: 3))
            for _ in 0..<(1 + random.next(below: 4)) { random.spoil(&bytes) }
            guard let document = try? JSONDocument(parsing: bytes) else { continue }
            let canonical = try CanonicalJSON.encode(document.root, strict: false)
            let again = try JSONDocument(parsing: canonical)
            #expect(try CanonicalJSON.encode(again.root, strict: false) == canonical, "seed \(seed)")
            if document.isCanonical { #expect(canonical == bytes, "seed \(seed)") }
            if (try? CanonicalJSON.check(document.root)) != nil {
                #expect(again.isCanonical, "seed \(seed)")
                #expect(document.root.value() == again.root.value(), "seed \(seed)")
            }
        }
    }
}

/// A small generator with a seed, so that a failure can be repeated.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func next(below bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

    mutating func text() -> String {
        let pieces = [
            "a", "b", "Z", "0", "é", "日", "😀", "\n", "\"", "\\", "/", "\0", "\u{1f}", " ", "\u{7f}", "m.room.",
        ]
        return (0..<next(below: 12)).map { _ in pieces[next(below: pieces.count)] }.joined()
    }

    mutating func value(depth: Int) -> JSONValue {
        switch next(below: depth > 0 ? 8 : 5) {
        case 0: return .null
        case 1: return .bool(next(below: 2) == 0)
        case 2: return .integer(Int64.random(in: -9_007_199_254_740_991...9_007_199_254_740_991, using: &self))
        case 3: return .integer(Int64(next(below: 200)) - 100)
        case 4: return .string(text())
        case 5: return .array((0..<next(below: 5)).map { _ in value(depth: depth - 1) })
        default:
            var members: [String: JSONValue] = [:]
            for _ in 0..<next(below: 7) { members[text()] = value(depth: depth - 1) }
            return .object(members)
        }
    }

    /// The value with keys in any order, white space anywhere, and needless escapes.
    mutating func write(_ value: JSONValue) -> [UInt8] {
        let space = ["", "", " ", "\n\t"][next(below: 4)].utf8
        switch value {
        case .array(let elements):
            var bytes = Array("[".utf8)
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes += ",".utf8 }
                bytes += space + write(element)
            }
            return bytes + space + "]".utf8
        case .object(let members):
            var bytes = Array("{".utf8)
            for (index, member) in members.shuffled(using: &self).enumerated() {
                if index > 0 { bytes += ",".utf8 }
                if next(below: 8) == 0 { bytes += write(.string(member.key)) + ":0,".utf8 }
                bytes += space + write(.string(member.key)) + ":".utf8 + write(member.value)
            }
            return bytes + space + "}".utf8
        case .string(let text):
            return Array("\"".utf8) + text.unicodeScalars.flatMap { escape($0) } + "\"".utf8
        default: return space + value.canonicalBytes
        }
    }

    private mutating func escape(_ scalar: Unicode.Scalar) -> [UInt8] {
        let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
        guard mustEscape || next(below: 4) == 0 else { return Array(String(scalar).utf8) }
        return String(scalar).utf16.flatMap { unit in
            let digits = String(unit, radix: 16, uppercase: next(below: 2) == 0)
            return Array("\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8)
        }
    }

    mutating func spoil(_ bytes: inout [UInt8]) {
        let interesting = Array(#"{}[]",:\u0e-+.tfn dD8"#.utf8) + [0, 0x1F, 0x7F, 0x80, 0xC3, 0xED, 0xFF]
        guard !bytes.isEmpty else { return bytes.append(interesting[next(below: interesting.count)]) }
        let place = next(below: bytes.count)
        switch next(below: 4) {
        case 0: bytes[place] = interesting[next(below: interesting.count)]
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(interesting[next(below: interesting.count)], at: place)
        default: bytes.removeSubrange(place..<min(bytes.count, place + 1 + next(below: 5)))
        }
    }
}
