/// How often a server is asked for its keys: a value for each server.
///
/// Anybody can send us a request or an event with a made-up key of some server, and a server can be down for years. Neither
/// must cost a request each time. That a server's keys are not known may also be driven by others, so the waits end:
/// after at most these times a new key of an honest server is noticed.
struct KeyPace: Sendable {
    /// After an answer that brought the key.
    static let shortest = Duration.seconds(10)
    /// After answers without the key that was wanted, again and again.
    static let longestWithoutKey = Duration.seconds(120)
    /// After no answers, again and again.
    static let longestWithoutAnswer = Duration.seconds(600)
    private static let firstWithoutAnswer = Duration.seconds(2)
    /// Between looks into the database for what other workers have learnt.
    static let readPause = Duration.seconds(1)

    enum Answer: Sendable {
        case useful, useless, none
    }

    private var failures = 0
    private var asksAgain = Duration.zero
    private var readsAgain = Duration.zero

    func mayAsk(at now: Duration) -> Bool { now >= asksAgain }
    func mayRead(at now: Duration) -> Bool { now >= readsAgain }

    mutating func didRead(at now: Duration) { readsAgain = now + Self.readPause }

    /// - Parameter jitter: scatters the wait, so that workers do not ask together.
    mutating func didAsk(_ answer: Answer, at now: Duration, jitter: (Duration) -> Duration) {
        switch answer {
        case .useful:
            failures = 0
            asksAgain = now + Self.shortest
        case .useless:
            failures += 1
            asksAgain = now + jitter(Self.wait(Self.shortest, Self.longestWithoutKey, failures))
        case .none:
            failures += 1
            asksAgain = now + jitter(Self.wait(Self.firstWithoutAnswer, Self.longestWithoutAnswer, failures))
        }
    }

    private static func wait(_ first: Duration, _ longest: Duration, _ failures: Int) -> Duration {
        min(longest, first * (1 << min(failures - 1, 20)))
    }
}
