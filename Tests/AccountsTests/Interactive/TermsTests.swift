import Accounts
import ApusTesting
import HTTPAPI
import MatrixCore
import Postgres
import Storage
import Telemetry
import Testing

@Suite struct TermsTests {
    private static func privacy(_ version: String) -> PolicyDocument {
        PolicyDocument(
            id: "privacy", version: version,
            translations: [
                .init(language: "en", name: "Privacy", url: "https://example.org/en"),
                .init(language: "pt_BR", name: "Privacidade", url: "https://example.org/pt"),
            ])
    }

    private static let imprint = PolicyDocument(
        id: "imprint", version: "3", translations: [.init(language: "de", name: "Impressum", url: "http://example.org")]
    )

    private func terms(_ session: String?) -> AuthSubmission {
        AuthSubmission(type: "m.login.terms", session: session, user: nil, password: nil, token: nil)
    }

    private func policy(_ terms: PolicyDocument...) -> RegistrationPolicy {
        RegistrationPolicy(isOpen: true, terms: terms)
    }

    @Test func clientsAreToldOfTheDocumentsAndWhoRegistersIsKnownToHaveAcceptedThem() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker(registration: policy(Self.privacy("1.2"), Self.imprint)) { worker in
                let registration = worker.services.registration
                let challenge = try await refusal { _ = try await registration.register(.example("alice", nil)) }
                #expect(challenge?.fields["flows"] == [["stages": ["m.login.terms"]]])
                #expect(
                    challenge?.fields["params"] == [
                        "m.login.terms": [
                            "policies": [
                                "privacy": [
                                    "version": "1.2", "en": ["name": "Privacy", "url": "https://example.org/en"],
                                    "pt_BR": ["name": "Privacidade", "url": "https://example.org/pt"],
                                ],
                                "imprint": [
                                    "version": "3", "de": ["name": "Impressum", "url": "http://example.org"],
                                ],
                            ]
                        ]
                    ])
                let session = try #require(challenge?.fields["session"]?.string)
                let account = try await registration.register(.example("alice", terms(session)))
                #expect(try await worker.acceptedPolicies(of: account.userID) == ["imprint 3", "privacy 1.2"])
            }
        }
    }

    @Test func nobodyAcceptsWhatNobodyWasShown() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker(registration: policy(Self.privacy("1"))) { worker in
                let registration = worker.services.registration
                let error = try await refusal { _ = try await registration.register(.example("alice", terms(nil))) }
                #expect(error?.status == 401 && error?.errcode == .missingParam)
                let session = try #require(error?.fields["session"]?.string)
                _ = try await registration.register(.example("alice", terms(session)))
            }
        }
    }

    /// While the operator changes them: one worker has the new version, another the old one.
    @Test func whatWasShownBeforeIsNotAcceptedAfterAChange() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker(registration: policy(Self.privacy("1"))) { old in
                try await fixture.withWorker(registration: policy(Self.privacy("2"))) { new in
                    let challenge = try await refusal {
                        _ = try await old.services.registration.register(.example("alice", nil))
                    }
                    let session = try #require(challenge?.fields["session"]?.string)
                    let changed = try await refusal {
                        _ = try await new.services.registration.register(.example("alice", terms(session)))
                    }
                    #expect(changed?.errcode == .forbidden && changed?.fields["session"]?.string == session)
                    #expect(
                        changed?.fields["params"]?["m.login.terms"]?["policies"]?["privacy"]?["version"] == "2")
                    let account = try await new.services.registration.register(.example("alice", terms(session)))
                    #expect(try await new.acceptedPolicies(of: account.userID) == ["privacy 2"])
                }
            }
        }
    }

    @Test func readersGetTheirLanguageIfThereIsOne() {
        let document = Self.privacy("1")
        for (languages, expected) in [
            (["pt-BR", "en"], "Privacidade"), (["pt"], "Privacidade"), (["pt-PT"], "Privacidade"),
            (["fr", "en-GB"], "Privacy"), (["fr"], "Privacy"), ([], "Privacy"), (["*", ""], "Privacy"),
        ] {
            #expect(document.translation(for: languages)?.name == expected, "\(languages)")
        }
    }

    /// Subscribers of IPv6 have more addresses than there are sessions.
    @Test func strangersOfOneNetworkCountTogether() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker(registration: RegistrationPolicy(isOpen: true)) { worker in
                func begin(_ address: String) async throws {
                    let error = try await refusal {
                        _ = try await worker.services.registration.register(
                            RegistrationRequest(
                                username: nil, password: nil, deviceID: nil, displayName: nil, inhibitsLogin: nil,
                                wantsRefreshToken: nil, auth: nil, address: address))
                    }
                    #expect(error?.status == 401)
                }
                for number in 0..<300 { try await begin("2001:db8:1:2:\(String(number, radix: 16))::1") }
                try await begin("2001:db8:1:3::1")
                try await begin("192.0.2.1")
                try await begin("nonsense")
                #expect(try await worker.count(of: "auth_sessions") == 256 + 3)
            }
        }
    }
}

extension AccountWorker {
    /// What a user has accepted, name and version.
    func acceptedPolicies(of userID: UserID) async throws -> [String] {
        guard let user = try await interning.knownUser(userID) else { return [] }
        let rows = try await pool.query(Probe.policies, user.nid.rawValue)
        return try rows.map { try $0.get(0, String.self) }
    }

    func count(of table: String) async throws -> Int64 {
        try await pool.query(Probe.count, table).first?.get(0, Int64.self) ?? 0
    }
}

private enum Probe {
    static let policies = Statement(
        "probe.policies",
        "select policy_id || ' ' || version from accepted_policies where user_nid = $1 order by policy_id")
    static let count = Statement(
        "probe.count",
        """
        select (xpath('//c/text()', query_to_xml(format('select count(*) as c from %I', $1), true, true, '')))[1]::text::bigint
        """)
}
