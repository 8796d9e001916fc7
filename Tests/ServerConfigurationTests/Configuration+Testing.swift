import ServerConfiguration

/// A configuration out of the text of a test, in a folder that need not exist.
func parse(
    _ yaml: String, directory: String = "/etc/apus", environment: [String: String] = [:]
) -> Result<ServerConfiguration, ConfigurationMistakes> {
    ServerConfiguration.parse(Array(yaml.utf8), file: "apus.yaml", directory: directory, environment: environment)
}

/// The least that a configuration must say, followed by what the test adds.
func minimal(_ more: String = "") -> String {
    """
    server_name: example.com
    database: {url: "postgresql://apus@127.0.0.1/apus"}
    \(more)
    """
}

/// What is wrong with a text, one line each; empty when nothing is.
func mistakes(_ yaml: String, environment: [String: String] = [:]) -> [String] {
    switch parse(yaml, environment: environment) {
    case .success: []
    case .failure(let mistakes): mistakes.description.split(separator: "\n").map(String.init)
    }
}
