/// Writes commands as the server reads them: an array of byte strings.
///
/// - Spec: https://redis.io/docs/latest/develop/reference/protocol-spec/#sending-commands-to-a-redis-server
struct RedisCommandWriter {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ arguments: [[UInt8]]) {
        begin(count: arguments.count)
        for argument in arguments { append(argument: argument) }
    }

    mutating func append(_ words: String...) {
        begin(count: words.count)
        for word in words { append(argument: word.utf8) }
    }

    mutating func begin(count: Int) {
        bytes.append(UInt8(ascii: "*"))
        append(line: count)
    }

    mutating func append(argument: some Collection<UInt8>) {
        bytes.append(UInt8(ascii: "$"))
        append(line: argument.count)
        bytes.append(contentsOf: argument)
        endLine()
    }

    mutating func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    private mutating func append(line number: Int) {
        bytes.append(contentsOf: String(number).utf8)
        endLine()
    }

    private mutating func endLine() {
        bytes.append(UInt8(ascii: "\r"))
        bytes.append(UInt8(ascii: "\n"))
    }
}

/// A command whose answer somebody waits for. Its mutable part is touched on the reactor's thread only.
final class PendingCommand: @unchecked Sendable {
    typealias Outcome = Result<RedisReply, RedisError>

    let bytes: [UInt8]
    private var continuation: CheckedContinuation<Outcome, Never>?

    /// Also before the reactor's thread has it.
    private(set) var isCancelled = false

    var isAnswered: Bool { continuation == nil }

    init(_ arguments: [[UInt8]]) {
        var writer = RedisCommandWriter()
        writer.append(arguments)
        bytes = writer.bytes
    }

    func wait(with continuation: CheckedContinuation<Outcome, Never>) { self.continuation = continuation }

    /// The first answer counts: of a cancelled command the real one still comes.
    func answer(_ outcome: Outcome) {
        continuation?.resume(returning: outcome)
        continuation = nil
    }

    func cancel() {
        isCancelled = true
        answer(.failure(.cancelled))
    }
}
