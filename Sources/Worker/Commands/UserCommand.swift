import Accounts
import ArgumentParser
import Logging
import MatrixCore
import ServerConfiguration
import Storage
import Telemetry

/// `apus user`: the accounts of this server.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "The accounts of this server.", subcommands: [Create.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a user, whoever may register.",
            discussion: "Asks for the password, or reads it from standard input with --password-stdin.")

        @Argument(help: "What stands before the colon in the user id.")
        var name: String

        @OptionGroup var file: ConfigurationArgument

        @Flag(help: "The user is an administrator of the server.")
        var admin = false

        @Flag(help: "Reads the password from standard input, up to the end of the line.")
        var passwordStdin = false

        func run() async throws {
            let configuration = try file.load()
            try await Console.orFailure {
                let password = try passwordStdin ? PasswordInput.line() : PasswordInput.ask()
                let homeserver = try await Homeserver.open(
                    configuration, worker: "user", roles: [], migrates: false, telemetry: .live(level: .warning))
                do {
                    let user = try await homeserver.accounts.services.registration.makeAccount(
                        name, password: password, isAdministrator: admin)
                    Console.say("Made \(user.userID).")
                } catch {
                    await homeserver.close()
                    throw error
                }
                await homeserver.close()
            }
        }
    }
}
