extension HAProxyConfiguration {
    /// The workers of a role, as HAProxy sees them.
    enum Backend: String, CaseIterable {
        case client
        case federation
        case media

        var role: WorkerRole {
            switch self {
            case .client: .clientAPI
            case .federation: .federationReader
            case .media: .media
            }
        }

        var api: ServerConfiguration.Listener.API {
            switch self {
            case .client: .client
            case .federation: .federation
            case .media: .media
            }
        }

        /// The beginnings of the paths that go there; the client API gets what nobody else does.
        var paths: [String] {
            switch self {
            case .client: []
            case .federation: ["/_matrix/federation/", "/_matrix/key/"]
            case .media: ["/_matrix/media/", "/_matrix/client/v1/media/", "/_matrix/federation/v1/media/"]
            }
        }

        func workers(in configuration: ServerConfiguration) -> [ServerConfiguration.Worker] {
            configuration.workers.filter { $0.role == role }
        }

        func text(_ configuration: ServerConfiguration) -> String {
            let servers = workers(in: configuration).map { "    server \($0.name) \($0.address)" }
            return (["backend \(rawValue)"] + balance.map { "    \($0)" } + servers).joined(separator: "\n") + "\n"
        }

        private var balance: [String] {
            switch self {
            case .client:
                // Requests with neither, and those whose worker is busier than the others, go round instead.
                ["balance hash var(txn.about)", "hash-type consistent", "hash-balance-factor 200"]
            case .federation: ["balance roundrobin"]
            // Transfers differ in length by orders of magnitude.
            case .media: ["balance leastconn"]
            }
        }
    }
}
