import ArgumentParser

/// Puts load on a Matrix homeserver and prints one line of JSON with the figures.
@main
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apus-load",
        abstract: "Puts load on a Matrix homeserver and prints one line of JSON with the figures.",
        discussion: """
            Every scenario makes its own users and rooms, is bounded in count and time, and ends with status 1 when \
            an operation failed. With --pids it tells the server's processor time per operation; give all processes \
            that work for the server, and PostgreSQL's postmaster for all of its backends.
            """,
        subcommands: [
            Send.self, Hot.self, Fanout.self, InitialSync.self, IdleSync.self, BusySync.self, SlidingSync.self,
            IdlePolls.self, KeyClaims.self, KeyQueries.self, ToDevice.self, Inbox.self, History.self, Versions.self,
            Verify.self,
        ])
}

extension ParsableCommand {
    /// Prints the line, and ends with a status that tells whether everything succeeded.
    func finish(_ report: Report, succeeded: Bool) throws {
        print(report.line)
        if !succeeded { throw ExitCode(1) }
    }
}
