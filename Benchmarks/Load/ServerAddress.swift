import ArgumentParser

/// A base URL: `http://host:port`. TLS is left to the load balancer, so that what is measured is the server.
struct ServerAddress: Sendable, ExpressibleByArgument {
    let host: String
    let port: Int

    var hostHeader: String { "\(host):\(port)" }

    init?(argument: String) {
        guard argument.hasPrefix("http://") else { return nil }
        var rest = argument.dropFirst("http://".count)
        while rest.hasSuffix("/") { rest = rest.dropLast() }
        let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty, parts.count <= 2 else { return nil }
        guard let number = parts.count == 2 ? Int(parts[1]) : 80, (1...65_535).contains(number) else { return nil }
        host = String(name)
        port = number
    }
}
