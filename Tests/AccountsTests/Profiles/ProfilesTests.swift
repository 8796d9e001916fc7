import Accounts
import Cluster
import HTTPAPI
import MatrixCore
import Storage
import Synchronization
import Telemetry
import Testing

@Suite struct ProfilesTests {
    private func json(_ text: String) throws -> JSONView { try JSONDocument(parsing: text).root }

    @Test func changesOfNameAndAvatarAreTold() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let user = try await worker.user(try await worker.register("alice"))
                let profiles = worker.services.profiles
                let told = Told(worker.feed)
                try await profiles.set(.displayName, to: try json(#""Alice é""#), of: user.userID, by: user)
                try await profiles.set(.avatarURL, to: try json(#""mxc://example.org/a""#), of: user.userID, by: user)
                try await profiles.set(ProfileField("m.tz"), to: try json(#""Europe/Rome""#), of: user.userID, by: user)
                try await profiles.set(.displayName, to: try json(#""""#), of: user.userID, by: user)
                try await profiles.delete(.displayName, of: user.userID, by: user)
                // A field that rooms do not show is not told of, nor is what changes nothing.
                try await profiles.set(.avatarURL, to: try json(#""mxc://example.org/a""#), of: user.userID, by: user)
                #expect(told.users == [user.userNID, user.userNID, user.userNID])
                let shards = (0..<fixture.installation.shardCount).map { $0 }
                let pending = try await worker.stores.profiles.pending(of: shards, after: nil, limit: 10)
                #expect(pending.map(\.userNID) == [user.userNID] && pending.first?.shownUpTo == RoomNID(0))
                let all = try await profiles.profile(of: user.userID)
                #expect(all.map(\.field) == ["avatar_url", "m.tz"])
                #expect(
                    try await refusal { _ = try await profiles.field(.displayName, of: user.userID) }?.status == 404)
                #expect(try await profiles.field(.avatarURL, of: user.userID) == Array(#""mxc://example.org/a""#.utf8))
                #expect(
                    try await worker.stores.profiles.memberProfiles(of: [user.userNID])
                        == [user.userNID: MemberProfile(avatarURL: "mxc://example.org/a")])
            }
        }
    }

    @Test(arguments: [
        ("displayname", "1"), ("displayname", "null"), ("displayname", "{}"), ("avatar_url", #""http://x/y""#),
        ("avatar_url", "[]"), ("avatar_url", #""mxc://""#), ("m.tz", "1"),
    ])
    func refusesValuesOfTheWrongKind(_ field: String, _ value: String) async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let user = try await worker.user(try await worker.register("alice"))
                let error = try await refusal {
                    try await worker.services.profiles.set(
                        ProfileField(field), to: try json(value), of: user.userID, by: user)
                }
                #expect(error?.status == 400)
            }
        }
    }

    @Test(arguments: [
        ("", Errcode.invalidParam), ("Name", .invalidParam), ("a b", .invalidParam), ("é", .invalidParam),
        (String(repeating: "a", count: 256), .keyTooLarge),
    ])
    func refusesNamesOfFieldsThatAreNone(_ name: String, _ errcode: Errcode) {
        #expect(throws: MatrixError.self) { _ = try ProfileField(name) }
        do { _ = try ProfileField(name) } catch { #expect(error.errcode == errcode) }
    }

    @Test func aProfileStaysUnder64KiB() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let user = try await worker.user(try await worker.register("alice"))
                let profiles = worker.services.profiles
                let large = try json("\"" + String(repeating: "x", count: 30_000) + "\"")
                try await profiles.set(ProfileField("org.a"), to: large, of: user.userID, by: user)
                try await profiles.set(ProfileField("org.b"), to: large, of: user.userID, by: user)
                let error = try await refusal {
                    try await profiles.set(ProfileField("org.c"), to: large, of: user.userID, by: user)
                }
                #expect(error?.errcode == .profileTooLarge)
                // In place of what is there it fits.
                try await profiles.set(ProfileField("org.b"), to: large, of: user.userID, by: user)
            }
        }
    }

    @Test func onlyTheOwnProfileIsChanged() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker(registration: RegistrationPolicy(isOpen: true, allowsGuests: true)) { worker in
                let alice = try await worker.user(try await worker.register("alice"))
                let bob = try await worker.user(try await worker.register("bob"))
                let profiles = worker.services.profiles
                let name = try json(#""Name""#)
                #expect(
                    try await refusal { try await profiles.set(.displayName, to: name, of: bob.userID, by: alice) }?
                        .errcode
                        == .forbidden)
                #expect(
                    try await refusal { try await profiles.delete(.displayName, of: bob.userID, by: alice) }?.errcode
                        == .forbidden)
                let guest = try await worker.services.registration.registerGuest(displayName: nil, address: "")
                let visitor = try await worker.user(try #require(guest.session))
                try await profiles.set(.displayName, to: name, of: visitor.userID, by: visitor)
                #expect(
                    try await refusal {
                        try await profiles.set(ProfileField("m.tz"), to: name, of: visitor.userID, by: visitor)
                    }?.errcode == .guestAccessForbidden)
                try await worker.services.lifecycle.setSuspended(true, bob.userID)
                let suspended = LocalUser(
                    userID: bob.userID, userNID: bob.userNID, deviceID: bob.deviceID, tokenID: nil, isSuspended: true)
                #expect(
                    try await refusal { try await profiles.set(.displayName, to: name, of: bob.userID, by: suspended) }?
                        .errcode == .userSuspended)
            }
        }
    }

    @Test func otherServersAreAskedForTheirUsers() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let profiles = Profiles(
                    profiles: worker.stores.profiles, accounts: worker.stores.accounts, interning: worker.interning,
                    names: worker.services.names, feed: worker.feed, clock: worker.clock, remote: Elsewhere())
                let known = UserID("@known:elsewhere.org")!
                let found = try await profiles.profile(of: known)
                #expect(found.map(\.field) == ["displayname"])
                #expect(try await profiles.field(.displayName, of: known) == Array(#""Known""#.utf8))
                #expect(try await refusal { _ = try await profiles.field(.avatarURL, of: known) }?.status == 404)
                let nobody = UserID("@nobody:elsewhere.org")!
                #expect(try await refusal { _ = try await profiles.profile(of: nobody) }?.status == 404)
            }
        }
    }
}

/// Whose profiles the log has told of.
private final class Told: Sendable {
    private let noted = Mutex<[UserNID]>([])
    var users: [UserNID] { noted.withLock { $0 } }

    init(_ feed: LogFeed) {
        _ = feed.observe { [self] row in
            if row.kind == .profile, let user = row.userNID { noted.withLock { $0.append(user) } }
        }
    }
}

private struct Elsewhere: RemoteProfiles {
    func profile(of userID: UserID, field: String?) async throws -> [(field: String, value: [UInt8])]? {
        userID.localpart == "known" ? [("displayname", Array(#""Known""#.utf8))] : nil
    }
}
