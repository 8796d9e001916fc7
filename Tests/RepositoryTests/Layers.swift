/// Who may import whom. SwiftPM does not stop an import of something that is only reached through a dependency, so the
/// table stands here and is checked against the imports themselves.
enum Layers {
    struct Rule {
        /// Modules of this repository.
        var modules: Set<String>
        /// Modules of other packages.
        var packages: Set<String>
    }

    /// What comes with Swift and the C library. `Foundation` is not among it: it adds 51 MB to an executable.
    static let everywhere: Set<String> = ["Swift", "Synchronization", "Glibc"]
    static let essentials = "FoundationEssentials"

    private static let wire: Set<String> = ["NIOCore", "HTTPTypes"]
    private static let services: Set<String> = [
        "Accounts", "Rooms", "Ephemeral", "Encryption", "DeviceMessages", "Directory", "Search", "Push", "Sync",
        "Media", "Federation",
    ]
    private static let endpoints: Set<String> = [
        "ClientEndpoints", "FederationEndpoints", "MediaEndpoints", "AdminEndpoints",
    ]
    /// What every domain service may stand on.
    private static let ground: Set<String> = ["Cluster", "Storage", "MatrixCore", "Telemetry"]

    static let table: [String: Rule] = [
        "MatrixCore": rule(["CSodium", "COpenSSL"]),
        "Telemetry": rule(["CLinux"], ["Logging"]),
        "ServerConfiguration": rule(["MatrixCore"], ["CYaml"]),

        "Reactor": rule(["CLinux"]),
        "Postgres": rule(["CPostgres", "CLinux", "Reactor"], ["Logging", "DequeModule"]),
        "Redis": rule(["CHiredis", "Reactor"], ["Logging", "DequeModule"]),
        "HTTPAPI": rule(["MatrixCore", "Telemetry"], wire.union(["Logging"])),
        "Transport": rule(
            ["HTTPAPI", "Telemetry", "MatrixCore", "CLinux"],
            wire.union([
                "Hummingbird", "HummingbirdCore", "HummingbirdTLS", "NIOPosix", "NIOHTTP1", "NIOTLS", "NIOSSL",
                "Logging",
                "ServiceLifecycle", "DequeModule",
            ])),
        "FederationAPI": rule(["MatrixCore", "HTTPAPI", "Telemetry"], wire),

        "Storage": rule(["CSchema", "MatrixCore", "Postgres", "Telemetry"], ["Logging"]),
        "Cluster": rule(["Storage", "MatrixCore", "Postgres", "Redis", "Telemetry"], ["Logging", "DequeModule"]),
        "Accounts": rule(ground.union(["HTTPAPI"]), ["Logging", "NIOPosix"]),
        "Rooms": rule(ground, ["Logging", "DequeModule"]),
        "Ephemeral": rule(ground.union(["Rooms"]), ["Logging"]),
        "Encryption": rule(ground.union(["Rooms"]), ["Logging"]),
        "DeviceMessages": rule(ground.union(["Rooms"]), ["Logging"]),
        "Directory": rule(ground.union(["Rooms", "HTTPAPI"]), ["Logging"]),
        "Search": rule(ground.union(["Rooms"]), ["Logging"]),
        "Push": rule(ground.union(["Rooms", "HTTPAPI"]), wire.union(["Logging"])),
        "Sync": rule(
            ground.union(["Accounts", "Rooms", "Ephemeral", "Encryption", "DeviceMessages", "Push"]),
            ["Logging", "DequeModule"]),
        "Media": rule(ground.union(["HTTPAPI", "CVips", "CLinux"]), wire.union(["Logging", "NIOPosix"])),
        "Federation": rule(
            ground.union([
                "Accounts", "Rooms", "Ephemeral", "Encryption", "DeviceMessages", "Directory", "FederationAPI",
                "HTTPAPI",
            ]),
            wire.union(["Logging", "DequeModule"])),

        // A file an endpoint: no SQL, no sockets. Neither Storage nor an adapter may appear in these four.
        "ClientEndpoints": rule(services.union(["HTTPAPI", "MatrixCore", "Telemetry"]), wire.union(["Logging"])),
        "FederationEndpoints": rule(
            services.union(["FederationAPI", "HTTPAPI", "MatrixCore", "Telemetry"]), wire.union(["Logging"])),
        "MediaEndpoints": rule(["Media", "HTTPAPI", "MatrixCore", "Telemetry"], wire.union(["Logging"])),
        "AdminEndpoints": rule(["Accounts", "Rooms", "HTTPAPI", "MatrixCore", "Telemetry"], wire.union(["Logging"])),

        "Worker": rule(
            services.union(endpoints).union([
                "Cluster", "Storage", "Postgres", "Redis", "Reactor", "Transport", "HTTPAPI", "FederationAPI",
                "ServerConfiguration", "MatrixCore", "Telemetry",
            ]), wire.union(["Logging", "ArgumentParser", "ServiceLifecycle", "UnixSignals", "NIOPosix"])),
        "apus": rule(["Worker"]),
        "apus-client-api": rule(["Worker", "ServerConfiguration"]),
        "apus-federation-reader": rule(["Worker", "ServerConfiguration"]),
        "apus-federation-sender": rule(["Worker", "ServerConfiguration"]),
        "apus-media": rule(["Worker", "ServerConfiguration"]),
        "apus-push": rule(["Worker", "ServerConfiguration"]),

        "ApusTesting": rule(
            ["Storage", "Postgres", "Telemetry", "MatrixCore", "Reactor", "CPostgres", "CLinux"]),
        "RoomsTesting": rule(ground.union(["ApusTesting", "Ephemeral", "Encryption", "Rooms", "Postgres"])),
        "EndpointsTesting": rule(["Storage", "HTTPAPI", "MatrixCore"], wire),
    ]

    private static func rule(_ modules: Set<String>, _ packages: Set<String> = []) -> Rule {
        Rule(modules: modules, packages: packages)
    }
}
