import Accounts
import ApusTesting
import Cluster
import HTTPAPI
import MatrixCore
import Storage
import Telemetry
import Testing

@Suite struct RegistrationTests {
    private func request(
        _ name: String?, password: String? = "s3kr1t", session: String? = nil, type: String? = "m.login.dummy",
        token: String? = nil, device: String? = nil, inhibitsLogin: Bool? = nil
    ) -> RegistrationRequest {
        RegistrationRequest(
            username: name, password: password, deviceID: device, displayName: nil, inhibitsLogin: inhibitsLogin,
            wantsRefreshToken: nil,
            auth: type == nil && session == nil
                ? nil : AuthSubmission(type: type, session: session, user: nil, password: nil, token: token),
            address: "192.0.2.1")
    }

    /// The session of the challenge to a first request.
    private func begin(_ request: RegistrationRequest, on worker: AccountWorker) async throws -> String {
        let error = try await refusal { _ = try await worker.services.registration.register(request) }
        #expect(error?.status == 401)
        #expect(error?.errcode == nil)
        return try #require(error?.fields["session"]?.string)
    }

    @Test(arguments: ["alice", "ALICE", "3", "a.b_c=d-e/f+g"])
    func acceptsNamesOfTheGrammar(_ name: String) async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let account = try await worker.services.registration.register(request(name))
                #expect(account.userID.localpart == name.lowercased())
                #expect(try await worker.logIn(name, password: "s3kr1t").userID == account.userID)
            }
        }
    }

    @Test(arguments: ["", "a!", "a:b", "é", "a\n", "a b", "a\u{0}", "@a", String(repeating: "a", count: 255)])
    func refusesOtherNamesBeforeAnybodyAuthenticates(_ name: String) async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                for type in ["m.login.dummy", nil] {
                    let error = try await refusal {
                        _ = try await worker.services.registration.register(request(name, type: type))
                    }
                    #expect(error?.errcode == .invalidUsername)
                }
            }
        }
    }

    @Test func aNameIsGivenOutOnce() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let outcomes = try await withThrowingTaskGroup { group in
                    for _ in 0..<8 {
                        group.addTask {
                            try await refusal { _ = try await worker.services.registration.register(request("alice")) }
                        }
                    }
                    return try await group.reduce(into: [MatrixError?]()) { $0.append($1) }
                }
                #expect(outcomes.count { $0 == nil } == 1)
                #expect(outcomes.count { $0?.errcode == .userInUse } == 7)
                let error = try await refusal {
                    _ = try await worker.services.registration.register(request("Alice", type: nil))
                }
                #expect(error?.errcode == .userInUse)
            }
        }
    }

    @Test func anotherWorkerCompletesASessionWhichRemembersTheRequest() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { first in
                try await fixture.withWorker { second in
                    let session = try await begin(request("alice", type: nil, device: "PHONE"), on: first)
                    let account = try await second.services.registration.register(
                        request(nil, password: nil, session: session))
                    #expect(account.userID.localpart == "alice")
                    #expect(account.session?.deviceID == "PHONE")
                    #expect(try await first.logIn("alice", password: "s3kr1t").userID == account.userID)
                }
            }
        }
    }

    @Test func aRepetitionAnswersTheSameAccountAndDeviceAndEndsTheFormerToken() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let session = try await begin(request(nil, type: nil), on: worker)
                let first = try await worker.services.registration.register(request(nil, session: session))
                let again = try await worker.services.registration.register(
                    request(nil, password: nil, session: session, type: nil))
                #expect(again.userID == first.userID)
                #expect(again.session?.deviceID == first.session?.deviceID)
                let token = try #require(first.session?.tokens.accessToken)
                #expect(try await refusal { _ = try await worker.whoami(token) }?.errcode == .unknownToken)
                fixture.clock.advance(by: .seconds(601))
                let late = try await refusal {
                    _ = try await worker.services.registration.register(request(nil, session: session))
                }
                #expect(late?.errcode == .forbidden)
            }
        }
    }

    @Test func aSessionMakesOneAccount() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let session = try await begin(request("alice", type: nil), on: worker)
                let users = try await withThrowingTaskGroup { group in
                    for number in 0..<8 {
                        group.addTask {
                            try await worker.services.registration.register(request("user\(number)", session: session))
                                .userID
                        }
                    }
                    return try await group.reduce(into: Set<UserID>()) { $0.insert($1) }
                }
                #expect(users.count == 1)
            }
        }
    }

    @Test func whereRegistrationIsClosedNobodyRegisters() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker(registration: RegistrationPolicy(isOpen: false)) { worker in
                let user = try await refusal { _ = try await worker.services.registration.register(request("alice")) }
                #expect(user?.errcode == .forbidden)
                let guest = try await refusal {
                    _ = try await worker.services.registration.registerGuest(displayName: nil, address: "")
                }
                #expect(guest?.errcode == .guestAccessForbidden)
            }
        }
    }

    @Test func guestsHaveNoPassword() async throws {
        try await AccountFixture.with { fixture in
            let policy = RegistrationPolicy(isOpen: false, allowsGuests: true)
            try await fixture.withWorker(registration: policy) { worker in
                let guest = try await worker.services.registration.registerGuest(displayName: "Phone", address: "")
                let session = try #require(guest.session)
                #expect(try await worker.user(session).isGuest)
                #expect(
                    try await refusal { _ = try await worker.logIn(guest.userID.localpart, password: "") }?.errcode
                        == .forbidden)
            }
        }
    }

    // MARK: Registration tokens

    @Test func aRegistrationTokenIsUsedAsOftenAsItMay() async throws {
        try await AccountFixture.with { fixture in
            let policy = RegistrationPolicy(isOpen: false, requiresToken: true)
            try await fixture.withWorker(registration: policy) { worker in
                let registration = worker.services.registration
                #expect(
                    try await worker.stores.sessions.createRegistrationToken(
                        "invite", usesAllowed: 3, expiresMilliseconds: nil))
                #expect(try await registration.isUsable(registrationToken: "invite"))
                #expect(try await !registration.isUsable(registrationToken: "invite2"))
                let outcomes = try await withThrowingTaskGroup { group in
                    for number in 0..<10 {
                        group.addTask {
                            try await refusal {
                                _ = try await registration.register(
                                    request("user\(number)", type: "m.login.registration_token", token: "invite"))
                            }
                        }
                    }
                    return try await group.reduce(into: [MatrixError?]()) { $0.append($1) }
                }
                #expect(outcomes.count { $0 == nil } == 3)
                #expect(outcomes.count { $0?.errcode == .unauthorized && $0?.status == 401 } == 7)
                #expect(try await !registration.isUsable(registrationToken: "invite"))
            }
        }
    }

    @Test func aUseIsKeptForASessionUntilThatIsOver() async throws {
        try await AccountFixture.with { fixture in
            let policy = RegistrationPolicy(isOpen: false, requiresToken: true)
            try await fixture.withWorker(registration: policy) { worker in
                let registration = worker.services.registration
                let sessions = worker.stores.sessions
                _ = try await sessions.createRegistrationToken("invite", usesAllowed: 1, expiresMilliseconds: nil)
                let session = try await begin(request("alice", type: nil), on: worker)
                // Its password is missing, so the stage is complete and no account is made.
                let error = try await refusal {
                    _ = try await registration.register(
                        request(
                            "bob", password: nil, type: "m.login.registration_token", token: "invite"))
                }
                #expect(error?.errcode == .missingParam)
                #expect(try await !registration.isUsable(registrationToken: "invite"))
                let refused = try await refusal {
                    _ = try await registration.register(
                        request("alice", session: session, type: "m.login.registration_token", token: "invite"))
                }
                #expect(refused?.errcode == .unauthorized)
                fixture.clock.advance(by: InteractiveAuthentication.sessionLifetime + .seconds(1))
                #expect(try await registration.isUsable(registrationToken: "invite"))
            }
        }
    }

    @Test func anExpiredRegistrationTokenIsRefused() async throws {
        try await AccountFixture.with { fixture in
            let policy = RegistrationPolicy(isOpen: true, requiresToken: true)
            try await fixture.withWorker(registration: policy) { worker in
                let registration = worker.services.registration
                _ = try await worker.stores.sessions.createRegistrationToken(
                    "invite", usesAllowed: nil, expiresMilliseconds: fixture.clock.nowMilliseconds + 1000)
                fixture.clock.advance(by: .seconds(1))
                #expect(try await !registration.isUsable(registrationToken: "invite"))
                for token in ["invite", "other", "", "a b", String(repeating: "a", count: 65), nil] {
                    let error = try await refusal {
                        _ = try await registration.register(
                            request("alice", type: "m.login.registration_token", token: token))
                    }
                    #expect(error?.status == 401)
                }
                // A token is asked for: nothing else will do.
                #expect(try await refusal { _ = try await registration.register(request("alice")) }?.status == 401)
            }
        }
    }
}
