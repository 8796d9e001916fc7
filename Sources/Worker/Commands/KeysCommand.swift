import ArgumentParser
import MatrixCore
import ServerConfiguration
import Telemetry

/// `apus keys`: the keys that sign events and requests.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "The keys that sign events and requests.", subcommands: [Rotate.self])

    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a new signing key; the old one stays published as expired.",
            discussion: "Start the processes again afterwards, on every machine that has a copy of the file.")

        @OptionGroup var file: ConfigurationArgument

        func run() throws {
            let keyFile = SigningKeyFile(path: try file.load().signingKeyPath)
            let random = SystemRandomSource()
            do throws(SigningKeyFileError) {
                guard let old = try keyFile.load() else {
                    let made = try keyFile.loadOrCreate(random)
                    Console.say("There was no key. Made \(made.current.id) in \(keyFile.path).")
                    return
                }
                let new = try keyFile.rotate(
                    version: random.signingKeyVersion, seed: random.bytes(Ed25519PrivateKey.seedByteCount),
                    atMilliseconds: SystemClock().nowMilliseconds)
                Console.say("\(new.current.id) signs from now on; \(old.current.id) is published as expired.")
            } catch {
                Console.complain(error.description)
                throw ExitCode.failure
            }
        }
    }
}
