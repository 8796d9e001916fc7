import MatrixCore

/// What is under way between the servers. It loses, repeats, delays and reorders as it likes.
struct SimulatedNetwork {
    enum Payload {
        case events([Parcel])
        /// Asks for events by id.
        case request([EventID])
    }

    /// An event as it is sent: parsed already, where signatures play no part.
    enum Parcel {
        case event(Event)
        case bytes([UInt8])
    }

    struct Message {
        let from: Int
        let to: Int
        let payload: Payload
    }

    /// What is under way at most. More is lost, like much else.
    private static let maxPending = 400

    var lossPercent = 8
    var repetitionPercent = 8
    private var pending: [Message] = []
    /// Servers talk to those of their own side.
    private var sides: [Int]

    init(servers: Int) { sides = Array(repeating: 0, count: servers) }

    var isQuiet: Bool { pending.isEmpty }

    mutating func part(_ generator: inout SeededGenerator) {
        for index in sides.indices { sides[index] = generator.number(below: 2) }
    }

    mutating func unite() { sides = sides.map { _ in 0 } }

    mutating func send(_ payload: Payload, from: Int, to: Int) {
        if pending.count < Self.maxPending { pending.append(Message(from: from, to: to, payload: payload)) }
    }

    /// A message that arrives now, if one does.
    mutating func next(_ generator: inout SeededGenerator) -> Message? {
        if pending.isEmpty { return nil }
        let index = generator.number(below: pending.count)
        let message = pending[index]
        if !generator.isLucky(repetitionPercent) { pending.remove(at: index) }
        if sides[message.from] != sides[message.to] || generator.isLucky(lossPercent) { return nil }
        return message
    }
}
