import Glibc

/// The file of acknowledged events that one scenario appends to and `verify` reads: a line each of room, event and
/// an access token of a member, separated by tabs. (None of the three can hold a tab.)
struct Record {
    let path: String

    func append(_ events: [Acknowledged]) throws {
        guard let file = fopen(path, "a") else { throw Failure("cannot write \(path)") }
        defer { fclose(file) }
        for event in events { fputs("\(event.roomID)\t\(event.eventID)\t\(event.token)\n", file) }
    }

    func read() throws -> [Acknowledged] {
        guard let file = fopen(path, "r") else { throw Failure("cannot read \(path)") }
        defer { fclose(file) }
        var events: [Acknowledged] = []
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, file) > 0 {
            guard let line else { break }
            let fields = String(cString: line).split(whereSeparator: { $0 == "\t" || $0 == "\n" }).map(String.init)
            guard fields.count == 3 else { throw Failure("\(path): not a line of this program") }
            events.append(Acknowledged(roomID: fields[0], eventID: fields[1], token: fields[2]))
        }
        return events
    }
}
