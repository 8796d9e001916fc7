import ArgumentParser
import Synchronization

/// One-time keys claimed one at a time, each of which must be given to one only.
struct KeyClaims: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "One-time keys claimed one at a time.")

    @OptionGroup var target: Target
    @Option(help: "Users whose keys are claimed.") var owners = 20
    @Option(help: "Users who claim.") var claimers = 8
    @Option(help: "Claims that are measured.") var claims = 2000

    func run() async throws {
        let server = Server(target)
        let keysOfEach = (claims + owners - 1) / owners
        let owned = try await server.makeDevices(owners, oneTimeKeys: keysOfEach, named: "owner")
        let asking = try await server.makeDevices(claimers, oneTimeKeys: 0, named: "claimer")
        let given = Mutex<Set<String>>([])

        var report = Report("key-claims")
        let outcome = try await target.measure(claims, .claim, on: server, into: &report) {
            number, connection, _ in
            let owner = owned[number % owned.count]
            let key = try await connection.claimKey(of: owner, as: asking[number % asking.count])
            let isNew = given.withLock { $0.insert("\(owner.userID) \(key)").inserted }
            guard isNew else { throw Failure("\(key) of \(owner.userID) was given twice") }
        }
        try finish(report, succeeded: outcome.failures.isEmpty && outcome.latencies.count == claims)
    }
}
