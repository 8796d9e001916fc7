import Accounts
import ApusTesting
import HTTPAPI
import MatrixCore
import Postgres
import Storage
import Telemetry
import Testing

@Suite struct OpenIDTokensTests {
    private static let count = Statement("test.count_open_id", "select count(*) from open_id_tokens")

    private struct Scene {
        let clock = ManualClock()
        let pool: PostgresPool
        let tokens: OpenIDTokens
        let user: UserRecord

        var alice: LocalUser { LocalUser(userID: user.userID, userNID: user.nid, deviceID: "D", tokenID: 1) }

        init(_ pool: PostgresPool) async throws {
            self.pool = pool
            tokens = OpenIDTokens(store: OpenIDStore(pool: pool), telemetry: .silent(clock: clock))
            user = try await Interning(pool: pool, shardCount: 16).user(try #require(UserID("@alice:example.org")))
            _ = try await AccountStore(pool: pool).create(
                NewAccount(user: user, passwordHash: nil), oldestSession: 0, now: 1)
        }

        func isKnown(_ token: String) async throws -> Bool {
            do {
                return try await tokens.owner(of: token) == user.userID
            } catch let error as MatrixError {
                #expect(error.errcode == .unknownToken && error.status == 401)
                return false
            }
        }
    }

    private func with(_ body: (Scene) async throws -> Void) async throws {
        try await MigratedDatabase.with { database in
            let pool = database.pool()
            try await body(try await Scene(pool))
            await pool.close()
        }
    }

    @Test func aTokenTellsItsOwnerForAnHour() async throws {
        try await with { scene in
            let token = try await scene.tokens.issue(for: scene.alice)
            let other = try await scene.tokens.issue(for: scene.alice)
            #expect(token != other)
            #expect(try await scene.isKnown(token))
            scene.clock.advance(by: .seconds(3599))
            #expect(try await scene.isKnown(token))
            scene.clock.advance(by: .seconds(1))
            #expect(try await !scene.isKnown(token))
        }
    }

    @Test(arguments: ["", "x", String(repeating: "x", count: 10_000)])
    func whatNobodyHadGivenIsUnknown(_ token: String) async throws {
        try await with { scene in
            let isKnown = try await scene.isKnown(token)
            #expect(!isKnown)
        }
    }

    @Test func nobodyIsADeactivatedUser() async throws {
        try await with { scene in
            let token = try await scene.tokens.issue(for: scene.alice)
            _ = try await AccountStore(pool: scene.pool).deactivate(scene.user, erase: false, now: 2)
            #expect(try await !scene.isKnown(token))
        }
    }

    @Test func whatHasExpiredGoesAFewAtATime() async throws {
        try await with { scene in
            for _ in 0..<10 { _ = try await scene.tokens.issue(for: scene.alice) }
            scene.clock.advance(by: OpenIDTokens.lifetime)
            var left: [Int64] = []
            for _ in 0..<4 {
                _ = try await scene.tokens.issue(for: scene.alice)
                left.append(try #require(try await scene.pool.query(Self.count).first).get(0, Int64.self))
            }
            // Each takes at most four along and comes itself.
            #expect(left == [7, 4, 3, 4])
        }
    }
}
