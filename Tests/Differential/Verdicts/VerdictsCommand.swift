import MatrixCore

/// Answers questions about events, authorisation and state, one line of JSON on standard input for one on standard
/// output, in order. It holds nothing from one line to the next.
///
/// `Tests/Differential/differential` asks the same questions of another implementation and compares.
@main
enum VerdictsCommand {
    static func main() async {
        var streams = StandardStreams()
        while let line = streams.nextLine() {
            guard streams.writeLine(await answer(line)) else { return }
        }
    }

    private static func answer(_ line: [UInt8]) async -> [UInt8] {
        do {
            let question = try JSONDocument(parsing: line).root
            switch question["do"]?.string {
            case "json": return try JSONQuestion(question).answer()
            case "event": return try EventQuestion(question).answer()
            case "room": return try await RoomQuestion(question).answer()
            case "push": return try PushQuestion(question).answer()
            default: throw BadQuestion("do")
            }
        } catch {
            return JSONWriter.write { $0.object { $0.field("misunderstood", String(describing: error)) } }
        }
    }
}

/// A question that this program does not understand: a mistake of whoever asks, never of what is asked about.
struct BadQuestion: Error {
    let member: String

    init(_ member: String) { self.member = member }
}

extension JSONView {
    func required(_ key: String) throws(BadQuestion) -> JSONView {
        guard let value = self[key] else { throw BadQuestion(key) }
        return value
    }

    func text(_ key: String) throws(BadQuestion) -> String {
        guard let text = self[key]?.string else { throw BadQuestion(key) }
        return text
    }

    func list(_ key: String) throws(BadQuestion) -> JSONArrayView {
        guard let list = self[key]?.array else { throw BadQuestion(key) }
        return list
    }

    func number(_ key: String) throws(BadQuestion) -> Int {
        guard let number = self[key]?.int else { throw BadQuestion(key) }
        return Int(number)
    }

    func version() throws(BadQuestion) -> RoomVersion {
        guard let version = RoomVersion(try text("version")) else { throw BadQuestion("version") }
        return version
    }
}
