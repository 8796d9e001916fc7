import ArgumentParser
import NIOPosix

/// The homeserver under load, and how the run is bounded. Every scenario takes these options.
struct Target: ParsableArguments {
    @Option(help: "Base URL of the homeserver, http://host:port. Repeat it to spread connections over several.")
    var baseURL: [ServerAddress]

    @Option(help: "Register users with this shared secret; without it by open registration.")
    var sharedSecret: String?

    @Option(help: "Requests under way at the same time, each on its own connection.")
    var concurrency = 16

    @Option(help: "End the measured part after this many seconds, whatever is left to do.")
    var maxSeconds = 120

    @Option(help: "Process ids whose processor time is reported per operation, separated by commas.")
    var pids: String?

    @Option(help: "A file with such process ids.")
    var pidFile: String?

    @Option(help: "Write each acknowledged event to this file, for `verify`.")
    var record: String?

    func validate() throws {
        guard (1...512).contains(concurrency) else { throw ValidationError("--concurrency goes from 1 to 512") }
        guard (1...3600).contains(maxSeconds) else { throw ValidationError("--max-seconds goes from 1 to 3600") }
        guard !baseURL.isEmpty else { throw ValidationError("--base-url is missing") }
    }

    func meter() throws -> ProcessMeter {
        var text = pids ?? ""
        if let pidFile {
            guard let content = readSmallFile(pidFile) else { throw Failure("cannot read \(pidFile)") }
            text += "," + content
        }
        let words = text.split { $0 == "," || $0.isWhitespace }
        let roots = words.compactMap { Int($0) }
        guard roots.count == words.count else { throw Failure("--pids: not a number among \(words)") }
        return ProcessMeter(roots: roots)
    }
}

/// The connections of a run, all on one thread: more would take processor time from the server that is measured.
struct Server: Sendable {
    var addresses: [ServerAddress]
    let sharedSecret: String?
    let concurrency: Int
    let group: MultiThreadedEventLoopGroup
    /// Distinguishes the users, rooms and texts of this run from those of earlier ones.
    let run: String

    init(_ target: Target) {
        addresses = target.baseURL
        sharedSecret = target.sharedSecret
        concurrency = target.concurrency
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        run = String(UInt64.random(in: .min ... .max), radix: 36)
    }

    /// A new connection. Numbers next to each other go to different base URLs.
    func connection(_ number: Int, timeoutSeconds: Int64 = 60) -> MatrixConnection {
        let address = addresses[number % addresses.count]
        return MatrixConnection(http: HTTPConnection(to: address, on: group, timeoutSeconds: timeoutSeconds))
    }
}
