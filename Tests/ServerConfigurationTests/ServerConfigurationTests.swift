import ServerConfiguration
import Testing

@Suite struct ServerConfigurationTests {
    @Test func aMinimalFileHasTheDefaults() throws {
        let configuration = try parse(minimal()).get()
        #expect("\(configuration.serverName)" == "example.com")
        #expect(configuration.publicBaseURL.text == "https://example.com/")
        #expect(configuration.signingKeyPath == "/etc/apus/data/signing.key")
        #expect(configuration.database.poolSize == 8)
        #expect(configuration.redis == nil)
        #expect(configuration.listeners.map(\.address.description) == ["127.0.0.1:8008"])
        #expect(configuration.workers.isEmpty)
        #expect(!configuration.registration.isOpen)
        #expect(configuration.registration.sharedSecret == nil)
        #expect(configuration.passwords.cost == .standard)
        #expect(configuration.rateLimits == .standard)
        #expect(configuration.rooms.defaultVersion == "12")
        #expect(configuration.isPresenceEnabled)
        #expect(configuration.federation.isEnabled)
        #expect(!configuration.outbound.allowsPrivateAddresses)
        #expect(configuration.media.maxUploadBytes == 52_428_800)
        #expect(configuration.email == nil)
        #expect(configuration.turn.timeToLive == .seconds(86_400))
        #expect(configuration.turn.allowsGuests)
        #expect(configuration.support.contacts.isEmpty && configuration.support.page == nil)
        #expect(configuration.policyServer.ed25519 == nil)
        #expect(configuration.log.format == .text)
        #expect(configuration.metrics.address == nil)
    }

    @Test func readsEveryKeyOfTheContract() throws {
        let configuration = try parse(
            """
            server_name: example.com
            public_base_url: https://matrix.example.com
            signing_key: /var/lib/apus/signing.key
            database: {url: "host=/run/postgresql dbname=apus", pool_size: 4}
            redis: {url: "redis://:secret@[::1]:6380/2"}
            listeners:
              - {address: "127.0.0.1:8008", serves: [client, federation, media]}
              - {address: "0.0.0.0:8448", tls: {certificate: tls.crt, key: tls.key}}
            workers:
              client-1: {role: client-api, address: "127.0.0.1:8101"}
              reader-1: {role: federation-reader, address: "127.0.0.1:8201", metrics_address: "127.0.0.1:9201"}
            registration:
              open: true
              guests: false
              shared_secret: swordfish
              require_token: false
              recaptcha: {verify_url: "", site_key: "", secret_key: ""}
            passwords: {cost: minimum}
            rate_limits: none
            rooms: {default_version: 11}
            room_directory: {publish: administrators, anonymous: false, federation: false}
            presence: false
            federation: {enabled: true, trusted_key_servers: [matrix.org], allow: [], deny: ["*.bad.example"], device_names: true}
            outbound: {allow_private_addresses: true, ca_file: ca.pem, verify_tls: false}
            media: {path: files, max_upload_bytes: 1000, url_previews: true}
            email: {smtp: "127.0.0.1:25", from: "Apus <noreply@example.com>"}
            identity: {verify_tls: false}
            cas: {server_url: "https://cas.example.com/cas"}
            oidc:
              - {id: x, name: X, issuer: "https://x.example", client_id: apus, client_secret: s, scopes: [openid]}
            turn: {uris: ["turn:turn.example.com"], shared_secret: s, ttl_seconds: 60, allow_guests: false}
            support:
              contacts:
                - {matrix_id: "@admin:example.com", email_address: admin@example.com}
                - {role: org.example.press, email_address: press@example.com}
              page: https://example.com/help
            policy_server: {ed25519: 6yhHGKhCiXTSEN2ksjV7kX_N6rBQZ3Xb-M7LlC6NS-s}
            appservices: [bridge.yaml, /etc/other.yaml]
            log: {level: debug, format: json}
            metrics: {address: "127.0.0.1:9000"}
            """
        ).get()
        #expect(configuration.publicBaseURL.text == "https://matrix.example.com/")
        #expect(configuration.signingKeyPath == "/var/lib/apus/signing.key")
        #expect(configuration.redis?.url.endpoint == .tcp(host: "::1", port: 6380))
        #expect(configuration.redis?.url.database == 2)
        #expect(configuration.redis?.url.password?.text == "secret")
        #expect(configuration.listeners[1].tls?.certificatePath == "/etc/apus/tls.crt")
        #expect(configuration.listeners[1].serves == [.client, .federation, .media])
        #expect(configuration.workers.map(\.name) == ["client-1", "reader-1"])
        #expect(configuration.worker(named: "reader-1")?.role == .federationReader)
        #expect(configuration.worker(named: "reader-1")?.metricsAddress?.port == 9201)
        #expect(configuration.worker(named: "reader-2") == nil)
        #expect(configuration.registration.sharedSecret?.text == "swordfish")
        #expect(configuration.registration.recaptcha == nil)
        #expect(configuration.rateLimits == .none)
        #expect(configuration.rateLimits[.logins] == nil)
        #expect(configuration.rooms.defaultVersion == "11")
        #expect(configuration.roomDirectory.publish == .administrators)
        #expect(!configuration.isPresenceEnabled)
        #expect(configuration.federation.trustedKeyServers.map { "\($0)" } == ["matrix.org"])
        #expect(configuration.federation.deny == ["*.bad.example"])
        #expect(configuration.outbound.certificateAuthoritiesPath == "/etc/apus/ca.pem")
        #expect(configuration.media.path == "/etc/apus/files")
        #expect(configuration.email?.smtp.port == 25)
        #expect(!configuration.identity.verifiesTLS)
        #expect(configuration.cas.serverURL?.text == "https://cas.example.com/cas/")
        #expect(configuration.oidc.map(\.id) == ["x"])
        #expect(configuration.turn.uris == ["turn:turn.example.com"])
        #expect(configuration.turn.sharedSecret?.text == "s" && !configuration.turn.allowsGuests)
        #expect(configuration.support.contacts.map(\.role) == ["m.role.admin", "org.example.press"])
        #expect(configuration.support.contacts[0].userID.map { "\($0)" } == "@admin:example.com")
        #expect(configuration.support.contacts[1].emailAddress == "press@example.com")
        #expect(configuration.support.page == "https://example.com/help")
        #expect(configuration.policyServer.ed25519 == "6yhHGKhCiXTSEN2ksjV7kX_N6rBQZ3Xb-M7LlC6NS-s")
        #expect(configuration.appservicePaths == ["/etc/apus/bridge.yaml", "/etc/other.yaml"])
        #expect(configuration.log.level == .debug)
        #expect(configuration.metrics.address?.port == 9000)
    }

    @Test func aTableOfRateLimitsKeepsTheDefaultsOfWhatItLeavesOut() throws {
        let configuration = try parse(
            minimal(
                """
                rate_limits:
                  messages: {per_second: 0.5, burst: 3}
                  logins: none
                """)
        ).get()
        #expect(configuration.rateLimits[.messages] == RateLimit(perSecond: 0.5, burst: 3))
        #expect(configuration.rateLimits[.logins] == nil)
        #expect(configuration.rateLimits[.joins] == ServerConfiguration.RateLimits.standard[.joins])
    }

    @Test func readsTheDocumentsThatNewUsersAccept() throws {
        let terms = try parse(
            minimal(
                """
                registration:
                  terms:
                    - {policy: privacy, version: "1.2", language: en, name: Privacy, url: "https://example.com/p?v=1.2#en"}
                    - {policy: privacy, version: "1.2", language: pt-BR, name: Privacidade, url: "http://example.com/p"}
                """)
        ).get().registration.terms
        #expect(terms.map(\.language) == ["en", "pt-BR"])
        #expect(terms[0].policy == "privacy" && terms[0].version == "1.2" && terms[0].name == "Privacy")
        #expect(terms[0].url == "https://example.com/p?v=1.2#en")
    }

    @Test func keysWithoutAValueCountAsLeftOut() throws {
        let configuration = try parse(minimal("media:\nredis: ~\nrooms:\n  default_version:")).get()
        #expect(configuration.media.path == "/etc/apus/data/media")
        #expect(configuration.redis == nil)
        #expect(configuration.rooms.defaultVersion == "12")
    }
}
