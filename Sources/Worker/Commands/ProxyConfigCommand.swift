import ArgumentParser
import ServerConfiguration

/// `apus proxy-config`: what HAProxy needs to know.
struct ProxyConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proxy-config",
        abstract: "Prints the HAProxy configuration for the workers of a configuration file.")

    @OptionGroup var file: ConfigurationArgument

    func run() throws {
        let configuration = try file.load()
        let proxy = try ConfigurationArgument.orExit { () throws(ConfigurationMistakes) in
            try HAProxyConfiguration(configuration, file: file.path)
        }
        Console.write(proxy.text)
    }
}
