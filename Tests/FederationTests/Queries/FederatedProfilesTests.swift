import Federation
import FederationAPI
import MatrixCore
import Telemetry
import Testing

@Suite struct FederatedProfilesTests {
    private let network = KeyNetwork()
    private let clock = ManualClock()
    private let server = ServerName("theirs.example:2")!
    private let user = UserID("@u:theirs.example:2")!

    private var profiles: FederatedProfiles { FederatedProfiles(client: network.client(clock), clock: clock) }

    private func text(_ fields: [(field: String, value: [UInt8])]?) -> [String]? {
        fields?.map { "\($0.field)=\(String(decoding: $0.value, as: UTF8.self))" }
    }

    @Test func profilesAreAskedForAndRememberedForAMoment() async throws {
        network.serve(server) { _ in (200, #"{"displayname":"U","m.tz":"Europe/Berlin","avatar_url":5}"#) }
        let profiles = profiles
        #expect(
            text(try await profiles.profile(of: user, field: nil)) == [#"displayname="U""#, #"m.tz="Europe/Berlin""#])
        #expect(text(try await profiles.profile(of: user, field: "displayname")) == [#"displayname="U""#])
        #expect(text(try await profiles.profile(of: user, field: "avatar_url")) == [])
        #expect(
            network.requests.map(\.target) == ["/_matrix/federation/v1/query/profile?user_id=%40u%3Atheirs.example%3A2"]
        )
        clock.advance(by: .seconds(61))
        _ = try await profiles.profile(of: user, field: nil)
        #expect(network.requests.count == 2)
    }

    @Test func whoIsNotThereIsNotAskedForAgainAtOnce() async throws {
        network.serve(server) { _ in (404, #"{"errcode":"M_NOT_FOUND","error":"no"}"#) }
        let profiles = profiles
        for _ in 0..<3 { #expect(try await profiles.profile(of: user, field: nil) == nil) }
        #expect(network.requests.count == 1)
    }

    @Test func aSilentServerIsNotAskedForEachOfItsUsers() async throws {
        let profiles = profiles
        for number in 0..<10 {
            let user = try #require(UserID("@u\(number):theirs.example:2"))
            let error = await #expect(throws: FederationError.self) { try await profiles.profile(of: user, field: nil) }
            #expect((502...504).contains(error?.matrixError.status ?? 0))
        }
        #expect(network.requests.count == 1)
        network.serve(server) { _ in (200, "{}") }
        clock.advance(by: .seconds(31))
        #expect(try await profiles.profile(of: user, field: nil)?.isEmpty == true)
    }

    /// ATTACKS 39: what the other server says of its tokens is not said of ours.
    @Test func refusalsDoNotLogAnybodyOut() async throws {
        network.serve(server) { _ in (401, #"{"errcode":"M_UNKNOWN_TOKEN","error":"x"}"#) }
        let profiles = profiles
        let error = await #expect(throws: FederationError.self) { try await profiles.profile(of: user, field: nil) }
        #expect(error?.matrixError.errcode == .unknown && error?.matrixError.status == 502)
        network.serve(server) { _ in (403, #"{"errcode":"M_FORBIDDEN","error":"x"}"#) }
        let denied = await #expect(throws: FederationError.self) { try await profiles.profile(of: user, field: nil) }
        #expect(denied?.matrixError.errcode == .forbidden)
    }
}
