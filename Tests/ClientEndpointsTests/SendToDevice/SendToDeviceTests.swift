import ApusTesting
import ClientEndpoints
import Cluster
import DeviceMessages
import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import Postgres
import RoomsTesting
import Storage
import Telemetry
import Testing

struct SendToDeviceTests {
    /// The endpoint, asked as Alice with the device `S`; `guest` is a guest.
    private struct API: Sendable {
        let worker: RoomsWorker
        let router: Router
        let bob: UserRecord

        private struct Tokens: UserAuthenticator {
            let interning: Interning

            func user(presenting token: AccessToken, in request: CallerRequest) async throws -> LocalUser? {
                guard let userID = UserID("@\(token.secret):example.org") else { return nil }
                return LocalUser(
                    userID: userID, userNID: try await interning.user(userID).nid, deviceID: "S", tokenID: 1,
                    isGuest: token.secret == "guest")
            }
        }

        static func with(_ body: (API) async throws -> Void) async throws {
            try await RoomsWorker.with { worker in
                let sending = ToDeviceSending(
                    serverName: worker.serverName, store: DeviceMessageStore(pool: worker.pool),
                    interning: worker.interning, feed: worker.feed, isFederating: true, telemetry: worker.telemetry)
                let environment = EndpointEnvironment(
                    authenticators: Authenticators(users: Tokens(interning: worker.interning)))
                let bob = try await worker.user("bob")
                try await worker.pool.simple(
                    "insert into devices (user_nid, device_id, created_ms) values (\(bob.nid.rawValue), 'B', 0)")
                try await body(
                    API(
                        worker: worker,
                        router: try Router(
                            ServedEndpoint.all(SendToDeviceEndpoints.all, with: sending, in: environment),
                            telemetry: worker.telemetry),
                        bob: bob))
            }
        }

        /// - Returns: the status, and the body or its error code.
        func send(
            _ json: String, type: String = "org.example", transaction: String, as user: String? = "alice"
        ) async -> (status: Int, body: JSONValue?) {
            var headers: HTTPFields = [:]
            if let user { headers[.authorization] = "Bearer \(user)" }
            let response = await router.respond(
                to: ServerRequest(
                    method: .put, target: "/_matrix/client/v3/sendToDevice/\(type)/\(transaction)", headers: headers,
                    clientAddress: "192.0.2.1", body: .buffer(ByteBuffer(string: json))))
            guard case .buffer(let buffer) = response.body else { return (response.status.code, nil) }
            return (response.status.code, try? JSONValue(parsing: Array(buffer.readableBytesView)))
        }

        func inbox() async throws -> [JSONValue] {
            let page = try await DeviceMessageStore(pool: worker.pool).take(
                for: "B", of: bob.nid, seen: nil, upTo: .max)
            return try page.messages.map { try JSONValue(parsing: $0.body) }
        }
    }

    @Test func aMessageIsDeliveredOnceForATransaction() async throws {
        try await API.with { api in
            let body = #"{"messages":{"@bob:example.org":{"B":{"v":1},"NOPE":{}},"@no:example.org":{"*":{}}}}"#
            for _ in 0..<2 {
                let answer = await api.send(body, transaction: "same")
                #expect(answer.status == 200 && answer.body == [:])
            }
            let delivered = try await api.inbox()
            #expect(delivered == [["content": ["v": 1], "sender": "@alice:example.org", "type": "org.example"]])
            // Guests may, of an encoded type.
            let guest = await api.send(body, type: "org.%C3%A4", transaction: "same", as: "guest")
            #expect(guest.status == 200)
            #expect(await api.send(#"{"messages":{}}"#, transaction: "empty").status == 200)
            let all = try await api.inbox()
            #expect(all.count == 2 && all.last?["type"] == "org.ä")
        }
    }

    @Test(arguments: [
        (#"{}"#, 400, "M_MISSING_PARAM"), (#"{"messages":null}"#, 400, "M_BAD_JSON"),
        (#"{"messages":[]}"#, 400, "M_BAD_JSON"), (#"{"messages":{"@bob:example.org":5}}"#, 400, "M_BAD_JSON"),
        (#"{"messages":{"@bob:example.org":{"*":5}}}"#, 400, "M_BAD_JSON"),
        (#"{"messages":{"bob":{"*":{}}}}"#, 400, "M_INVALID_PARAM"), (#"{"messages""#, 400, "M_NOT_JSON"),
        (
            #"{"messages":{"@bob:example.org":{"B":{"v":"\#(String(repeating: "x", count: 65_536))"}}}}"#, 413,
            "M_TOO_LARGE"
        ),
    ])
    func whatIsMalformedIsRefused(_ json: String, _ status: Int, _ errcode: String) async throws {
        try await API.with { api in
            let answer = await api.send(json, transaction: "1")
            #expect(answer.status == status && answer.body?["errcode"]?.string == errcode, "\(answer)")
            let inbox = try await api.inbox()
            #expect(inbox.isEmpty)
        }
    }

    @Test func strangersAreRefused() async throws {
        try await API.with { api in
            #expect(await api.send(#"{"messages":{}}"#, transaction: "1", as: nil).status == 401)
            let long = String(repeating: "t", count: 256)
            #expect(await api.send(#"{"messages":{}}"#, type: long, transaction: "1").status == 413)
        }
    }
}
