/// Spoils inputs in the ways in which others spoil them: by bytes, by pieces, and by mixing two of them.
struct Mutator {
    private var random: SplitMix64
    private let dictionary: [[UInt8]]
    private static let notableBytes: [UInt8] =
        Array(#"{}[]",:\*?.@!$#=/-+_0 e"#.utf8) + [0, 1, 0x1F, 0x7F, 0x80, 0xC3, 0xED, 0xF4, 0xFF]

    init(seed: UInt64, dictionary: [String]) {
        random = SplitMix64(seed: seed)
        self.dictionary = dictionary.map { Array($0.utf8) }
    }

    /// One of the inputs, changed in one to eight places.
    mutating func input(from inputs: [[UInt8]]) -> [UInt8] {
        var bytes = inputs[random.next(below: inputs.count)]
        for _ in 0..<(1 << random.next(below: 4)) { change(&bytes, others: inputs) }
        return bytes
    }

    private mutating func change(_ bytes: inout [UInt8], others: [[UInt8]]) {
        let place = random.next(below: bytes.count + 1)
        let end = min(bytes.count, place + 1 + random.next(below: 1 << random.next(below: 7)))
        switch random.next(below: 10) {
        case 0: if place < bytes.count { bytes[place] ^= 1 << UInt8(random.next(below: 8)) }
        case 1: if place < bytes.count { bytes[place] = notableByte() }
        case 2: bytes.insert(notableByte(), at: place)
        case 3: bytes.removeSubrange(place..<end)
        case 4: bytes.insert(contentsOf: bytes[place..<end], at: random.next(below: bytes.count + 1))
        case 5: bytes.insert(contentsOf: repeatElement(notableByte(), count: end - place), at: place)
        case 6, 7:
            guard !dictionary.isEmpty else { return }
            let piece = dictionary[random.next(below: dictionary.count)]
            bytes.replaceSubrange(place..<(random.next(below: 2) == 0 ? place : end), with: piece)
        case 8: bytes.removeSubrange(place...)
        default:
            let other = others[random.next(below: others.count)]
            let from = random.next(below: other.count + 1)
            bytes.replaceSubrange(place..<end, with: other[from..<min(other.count, from + 64)])
        }
    }

    private mutating func notableByte() -> UInt8 {
        random.next(below: 4) == 0
            ? UInt8(truncatingIfNeeded: random.next()) : Self.notableBytes[random.next(below: Self.notableBytes.count)]
    }
}
