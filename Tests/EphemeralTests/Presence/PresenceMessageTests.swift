import MatrixCore
import Telemetry
import Testing

@testable import Ephemeral

@Suite struct PresenceMessageTests {
    private static func entry(_ number: Int64, _ message: PresenceEntry.Message) -> PresenceEntry {
        PresenceEntry(
            userNID: UserNID(number), userID: UserID("@user\(number):example.org")!,
            device: PresenceDevice("D\(number)"),
            owner: .max - UInt64(number), state: .unavailable, isActive: number % 2 == 0,
            idleFor: .milliseconds(number),
            validFor: .seconds(300), message: message, isSnapshot: number % 3 == 0)
    }

    @Test func comesBackAsItWas() {
        let entries = (1...200).map {
            Self.entry($0, [.unchanged, .changed(nil), .changed("é\($0)")][Int($0 % 3)])
        }
        let messages = PresenceMessage.messages(of: entries)
        #expect(messages.count == 4)
        var read: [PresenceEntry] = []
        for message in messages {
            guard case .entries(let some)? = PresenceMessage(message.encoded) else {
                Issue.record("not read")
                continue
            }
            read += some
        }
        #expect(read == entries)
        #expect(PresenceMessage(PresenceMessage.newcomer.encoded) == .newcomer)
    }

    @Test func refusesWhatIsNone() {
        let message = PresenceMessage.entries([Self.entry(1, .changed("message"))]).encoded
        for length in 0..<message.count where length != 2 {
            #expect(PresenceMessage(Array(message.prefix(length))) == nil)
        }
        #expect(PresenceMessage(message + [0]) == nil)
        #expect(PresenceMessage([1] + message.dropFirst()) == nil, "typing has another format")
        var random = RandomNumbers(source: SeededRandomSource(seed: 4))
        for _ in 0..<20_000 {
            var bytes = message
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = PresenceMessage(bytes)
        }
    }

    @Test func serversCannotCrowdOutEachOthersUsers() {
        var table = PresenceTable()
        func come(_ number: Int64, isLocal: Bool) -> PresenceTable.Outcome {
            table.apply(Self.entry(number, .unchanged).lasting, serial: number, now: .zero, isLocal: isLocal)
        }
        for number in 1...Int64(PresenceTable.maxPeople) { _ = come(number, isLocal: false) }
        #expect(come(1_000_000, isLocal: false) == .ignored)
        #expect(come(2_000_000, isLocal: true) == .changed(isWorthWaking: true))
        #expect(table.people.count == PresenceTable.maxPeople + 1)
    }
}

extension PresenceEntry {
    /// Not for newcomers alone.
    fileprivate var lasting: PresenceEntry {
        var copy = self
        copy.isSnapshot = false
        return copy
    }
}
