import MatrixCore

extension ServerConfiguration {
    /// Every key at the top of the file, in the order in which the example shows them.
    package static let documentation = [
        Keys.serverName.documentation, Keys.publicBaseURL.documentation, Keys.signingKey.documentation,
        Keys.database.documentation, Keys.redis.documentation, Keys.listeners.documentation, Keys.workers.documentation,
        Keys.registration.documentation, Keys.passwords.documentation, Keys.rateLimits.documentation,
        Keys.rooms.documentation, Keys.roomDirectory.documentation, Keys.delayedEvents.documentation,
        Keys.presence.documentation,
        Keys.federation.documentation, Keys.outbound.documentation, Keys.media.documentation, Keys.email.documentation,
        Keys.identity.documentation, Keys.cas.documentation, Keys.oidc.documentation, Keys.turn.documentation,
        Keys.appservices.documentation, Keys.support.documentation, Keys.policyServer.documentation,
        Keys.log.documentation, Keys.metrics.documentation,
    ]

    enum Keys {
        static let serverName = Key<ServerName>(
            "server_name", .serverName, change: .never, example: "example.com",
            "The part after the colon in user ids. It may hold a port; most servers want none.")
        static let publicBaseURL = Key<BaseURL?>(
            "public_base_url", .optional(.baseURL), default: .some(nil), example: "https://matrix.example.com/",
            "Where clients reach this server. Left out or empty: https:// and the server name.")
        static let signingKey = Key(
            "signing_key", .path, default: "data/signing.key",
            "The key that signs events and requests. Made at the first start if absent, readable for its owner only.")
        static let database = Key<Database>("database", .section, "The PostgreSQL database, which holds everything.")
        static let redis = Key<Redis?>(
            "redis", .optionalSection(),
            "Redis, which wakes workers when something is new. `apus serve` does without; separate workers need it.")
        static let listeners = Key<[Listener]>(
            "listeners", .list(of: .section, limit: 64), default: [.standard],
            example: """
                - {address: "127.0.0.1:8008"}
                # - {address: "0.0.0.0:8448", serves: [federation], tls: {certificate: tls.crt, key: tls.key}}
                """,
            """
            Where clients and servers reach this server: opened by `apus serve`, or, with separate workers, by the load
            balancer that `apus proxy-config` configures.
            """)
        static let workers = Key<[Worker]>(
            "workers", Worker.table, default: [],
            example: """
                # client-1: {role: client-api, address: "127.0.0.1:8101"}
                # client-2: {role: client-api, address: "127.0.0.1:8102"}
                # reader-1: {role: federation-reader, address: "127.0.0.1:8201"}
                # sender-1: {role: federation-sender, address: "127.0.0.1:8301"}
                # media-1: {role: media, address: "127.0.0.1:8401"}
                # push-1: {role: push, address: "127.0.0.1:8501"}
                """,
            "The separate executables: each is started with --worker and the name it has here.")
        static let registration = Key<Registration>("registration", .section, "Who may make an account.")
        static let passwords = Key<Passwords>("passwords", .section, "How passwords are stored.")
        static let rateLimits = Key(
            "rate_limits", RateLimits.type, default: .standard,
            "How often somebody may do something: `default`, `none` (for tests), or a table of limits.")
        static let rooms = Key<Rooms>("rooms", .section, "New rooms.")
        static let roomDirectory = Key<RoomDirectory>("room_directory", .section, "The list of public rooms.")
        static let delayedEvents = Key<DelayedEvents>(
            "delayed_events", .section, "Events that clients have sent later, as calls do.")
        static let presence = Key("presence", .flag, default: true, "Whether users see who is online.")
        static let federation = Key<Federation>("federation", .section, "How this server meets others.")
        static let outbound = Key<Outbound>(
            "outbound", .section,
            "Every request that the server makes by itself: to servers, push gateways, previewed pages.")
        static let media = Key<Media>("media", .section, "Uploaded files.")
        static let email = Key<Email?>(
            "email", .optionalSection(), "How mail leaves. Left out: nobody can add or use an e-mail address.")
        static let identity = Key<Identity>("identity", .section, "Identity servers, which users bring along.")
        static let cas = Key<CAS>("cas", .section, "Sign-in through a CAS server.")
        static let oidc = Key<[OIDCProvider]>(
            "oidc", .list(of: .section, limit: 64), default: [], "Sign-in through OpenID Connect providers.")
        static let turn = Key<TURN>("turn", .section, "Relays for calls.")
        static let appservices = Key<[String]>(
            "appservices", .list(of: .path, limit: 1000), default: [], "The registration files of application services."
        )
        static let support = Key<Support>(
            "support", .section, "Whom people turn to when something is wrong: /.well-known/matrix/support.")
        static let policyServer = Key<PolicyServer>(
            "policy_server", .section,
            "A policy server of this server's name, to which a proxy sends /_matrix/policy/.")
        static let log = Key<Log>("log", .section, "What the process tells on standard error.")
        static let metrics = Key<Metrics>("metrics", .section, "Figures for Prometheus.")
    }
}
