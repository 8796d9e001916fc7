import Accounts
import HTTPAPI
import MatrixCore
import Telemetry
import Testing

@Suite struct RelayCredentialsTests {
    private let clock = ManualClock(nowMilliseconds: 1_700_000_000_000)

    private func user(isGuest: Bool = false) throws -> LocalUser {
        LocalUser(
            userID: try #require(UserID("@alice:example.org")), userNID: UserNID(1), deviceID: "D", tokenID: 1,
            isGuest: isGuest)
    }

    private func relays(allowsGuests: Bool = true) -> RelayCredentials {
        RelayCredentials(
            uris: ["turn:turn.example.org?transport=udp"], secret: "north", lifetime: .seconds(3600),
            allowsGuests: allowsGuests, clock: clock)
    }

    /// `printf '1700003600:@alice:example.org' | openssl dgst -sha1 -hmac north -binary | base64`
    @Test func whatIsGivenIsWhatTheRelayComputes() throws {
        let grant = try relays().grant(to: user())
        #expect(grant.username == "1700003600:@alice:example.org")
        #expect(grant.password == "6cEh1+OSEPFM5XsksE7KvMgzX1c=")
        #expect(grant.secondsToLive == 3600)
        #expect(grant.uris == ["turn:turn.example.org?transport=udp"])
    }

    @Test func guestsAreLetThroughOnlyWhereTheyMay() throws {
        #expect(try relays().grant(to: user(isGuest: true)).secondsToLive == 3600)
        let error = #expect(throws: MatrixError.self) {
            _ = try relays(allowsGuests: false).grant(to: user(isGuest: true))
        }
        #expect(error?.errcode == .guestAccessForbidden)
        #expect(try relays(allowsGuests: false).grant(to: user()).secondsToLive == 3600)
    }
}
