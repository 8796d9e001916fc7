import AdminEndpoints
import EndpointsTesting
import HTTPAPI
import HTTPTypes
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

/// Reports as operators read them.
@Suite struct ReportAdminTests {
    private struct API {
        let router: Router
        let worker: RoomsWorker
        let reports: Reports

        func ask(
            _ method: HTTPRequest.Method, _ path: String, as token: String = "admin.root"
        ) async -> EndpointAnswer {
            await router.ask(method, "/_synapse/admin/v1/" + path, token: token)
        }
    }

    private func withAPI(_ body: (API) async throws -> Void) async throws {
        try await RoomsWorker.with { worker in
            let reports = Reports(rooms: worker.rooms, store: ReportStore(pool: worker.pool))
            let environment = EndpointEnvironment(
                authenticators: Authenticators(users: NamesAsTokens(interning: worker.interning)))
            let endpoints = ServedEndpoint.all(ReportAdminEndpoints.all, with: reports, in: environment)
            try await body(
                API(router: try Router(endpoints, telemetry: worker.telemetry), worker: worker, reports: reports))
        }
    }

    @Test func reportsOfEventsAreListedAndTakenAway() async throws {
        try await withAPI { api in
            let (alice, bob) = (try await api.worker.user("alice"), try await api.worker.user("bob"))
            let room = try await api.worker.room(by: alice, members: [bob])
            var events: [EventID] = []
            for number in 0..<3 {
                let event = try await api.worker.say("spam \(number)", in: room, as: alice)
                try await api.reports.report(event, in: room, by: bob, reason: "r\(number)", score: Int64(number))
                events.append(event)
            }
            let newest = await api.ask(.get, "event_reports?limit=2").body
            let first = try #require(newest["event_reports"]?.array?.first)
            #expect(newest["total"] == 3 && newest["next_token"] == 2)
            #expect(first["event_id"] == .string(events[2].description) && first["reason"] == "r2")
            #expect(first["user_id"] == "@bob:example.org" && first["sender"] == "@alice:example.org")
            #expect(first["room_id"] == .string(room.description) && first["score"] == 2)
            #expect(first["received_ts"]?.int ?? 0 > 0)
            let rest = await api.ask(.get, "event_reports?from=2&limit=2").body
            #expect(rest["event_reports"]?.array?.map { $0["reason"] } == ["r0"] && rest["next_token"] == nil)
            let oldest = await api.ask(.get, "event_reports?dir=f").body
            #expect(oldest["event_reports"]?.array?.map { $0["reason"] } == ["r0", "r1", "r2"])
            for (filter, count) in [
                ("user_id=@bob:example.org", 3), ("user_id=@alice:example.org", 0),
                ("event_sender_user_id=@alice:example.org", 3), ("room_id=\(room)", 3), ("room_id=!x:example.org", 0),
            ] {
                #expect(await api.ask(.get, "event_reports?\(filter)").body["total"] == .integer(Int64(count)))
            }
            let id = try #require(first["id"]?.int)
            let one = await api.ask(.get, "event_reports/\(id)").body
            #expect(one["event_json"]?["content"]?["body"] == "spam 2" && one["reason"] == "r2")
            #expect(await api.ask(.delete, "user_reports/\(id)").status == 404)
            #expect(await api.ask(.delete, "event_reports/\(id)").status == 200)
            #expect(await api.ask(.delete, "event_reports/\(id)").body["errcode"] == "M_NOT_FOUND")
            #expect(await api.ask(.get, "event_reports/\(id)").body["errcode"] == "M_NOT_FOUND")
            #expect(await api.ask(.get, "event_reports").body["total"] == 2)
        }
    }

    @Test func reportsOfRoomsAndUsersHaveListsOfTheirOwn() async throws {
        try await withAPI { api in
            let (alice, bob) = (try await api.worker.user("alice"), try await api.worker.user("bob"))
            let room = try await api.worker.room(by: alice)
            try await api.reports.report(room: room, by: bob, reason: "bad room")
            try await api.reports.report(user: alice.userID, by: bob, reason: "bad user")
            let rooms = await api.ask(.get, "room_reports").body
            #expect(rooms["total"] == 1 && rooms["room_reports"]?.array?.first?["reason"] == "bad room")
            let users = await api.ask(.get, "user_reports?target_user_id=@alice:example.org").body
            let entry = try #require(users["user_reports"]?.array?.first)
            #expect(entry["target_user_id"] == "@alice:example.org" && entry["user_id"] == "@bob:example.org")
            for (list, report) in [("room_reports", rooms), ("user_reports", users)] {
                let id = try #require(report[list]?.array?.first?["id"]?.int)
                #expect(await api.ask(.delete, "\(list)/\(id)").status == 200)
                #expect(await api.ask(.get, list).body["total"] == 0)
            }
            #expect(await api.ask(.get, "event_reports").body["total"] == 0)
        }
    }

    @Test func onlyOperatorsReadThem() async throws {
        try await withAPI { api in
            for path in ["event_reports", "event_reports/1", "user_reports", "room_reports"] {
                #expect(await api.ask(.get, path, as: "alice").body["errcode"] == "M_FORBIDDEN")
            }
            for path in ["event_reports/1", "user_reports/1", "room_reports/1"] {
                #expect(await api.ask(.delete, path, as: "alice").body["errcode"] == "M_FORBIDDEN")
            }
            for query in ["from=-1", "limit=-1", "limit=x", "dir=up", "user_id=alice", "room_id=x"] {
                #expect(await api.ask(.get, "event_reports?\(query)").body["errcode"] == "M_INVALID_PARAM")
            }
            #expect(await api.ask(.get, "event_reports/x").body["errcode"] == "M_INVALID_PARAM")
        }
    }
}
