import ApusTesting
import ClientEndpoints
import Cluster
import DeviceMessages
import EndpointsTesting
import HTTPAPI
import HTTPTypes
import MatrixCore
import Postgres
import RoomsTesting
import Storage
import Telemetry
import Testing

struct SendToDeviceTests {
    /// The endpoint, asked as Alice with the device `S`.
    private struct API: Sendable {
        let worker: RoomsWorker
        let router: Router
        let bob: UserRecord

        static func with(_ body: (API) async throws -> Void) async throws {
            try await RoomsWorker.with { worker in
                let sending = ToDeviceSending(
                    serverName: worker.serverName, store: DeviceMessageStore(pool: worker.pool),
                    interning: worker.interning, feed: worker.feed, isFederating: true, telemetry: worker.telemetry)
                let environment = EndpointEnvironment(
                    authenticators: Authenticators(users: NamesAsTokens(interning: worker.interning, deviceID: "S")))
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

        func send(
            _ json: String, type: String = "org.example", transaction: String, as user: String? = "alice"
        ) async -> EndpointAnswer {
            await router.ask(
                .put, "/_matrix/client/v3/sendToDevice/\(type)/\(transaction)", bytes: Array(json.utf8), token: user)
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
            let guest = await api.send(body, type: "org.%C3%A4", transaction: "same", as: "guest.carol")
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
            #expect(answer.status == status && answer.errcode == errcode, "\(answer)")
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
