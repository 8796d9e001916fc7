import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

/// ATTACKS 14 (CVE-2021-39163, CVE-2021-39164): who may see what of a room's past, by every way there is: exact for each event as it was then.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility
@Suite struct VisibilityTableTests {
    @Test(arguments: VisibilityScenario.all)
    func everyEndpointShowsWhatItMay(_ scenario: VisibilityScenario) async throws {
        try await SyncAPI.with { api in
            let played = try await PlayedScenario(scenario, api)
            try await api.index()
            for kind in VisibilityScenario.Kind.allCases {
                let reader = TableReader(played: played, kind: kind)
                await reader.messages()
                await reader.singleEvents()
                await reader.state()
                await reader.relations()
                await reader.threads()
                await reader.times()
                await reader.sync()
                await reader.slidingSync()
                await reader.searching()
                await reader.streams()
                await reader.roomsAtTheStart()
                await reader.notifications()
            }
        }
    }
}

/// One user reads a room that was played, by one endpoint after the other.
struct TableReader {
    let played: PlayedScenario
    let kind: VisibilityScenario.Kind

    var api: SyncAPI { played.api }
    var room: String { played.room }
    var visible: [Int] { played.scenario.visible(to: kind) }
    var mayRead: Bool { played.scenario.mayRead(kind) }
    var label: Comment { "\(kind) in \(played.scenario.testDescription)" }

    func get(_ path: String, _ version: String = "v3") async -> EndpointAnswer {
        await api.ask(.get, at: "/_matrix/client/\(version)/rooms/\(room)/\(path)", as: kind.rawValue)
    }

    func messages() async {
        let page = await get("messages?dir=f&limit=200")
        #expect(page.status == (mayRead ? 200 : 403), label)
        #expect(PlayedScenario.phases(page["chunk"]) == visible, label)
        // From the end, page by page.
        var seen: [Int] = []
        var from = "t9223372036854775807-0-0"
        for _ in 0..<60 where mayRead {
            let page = await get("messages?dir=b&limit=7&from=\(from)")
            seen += PlayedScenario.phases(page["chunk"])
            guard let next = page["end"]?.string else { break }
            from = next
        }
        #expect(seen.sorted() == (mayRead ? visible : []), label)
    }

    func singleEvents() async {
        for (phase, message) in played.messages.enumerated() {
            let expected = visible.contains(phase) ? 200 : 404
            #expect(await get("event/\(message)").status == expected, label)
            #expect(await api.ask(.get, "/events/\(message)", as: kind.rawValue).status == expected, label)
            let context = await get("context/\(message)?limit=200")
            #expect(context.status == expected, label)
            let around =
                PlayedScenario.phases(context["events_before"]) + PlayedScenario.phases(context["events_after"])
            #expect(around.sorted() == (expected == 200 ? visible.filter { $0 != phase } : []), label)
        }
    }

    func state() async {
        let name = await get("state/m.room.name")
        #expect(name["name"]?.string == played.scenario.name(for: kind), label)
        #expect(name.status == (mayRead ? 200 : 403), label)
        let state = await get("state")
        #expect(state.status == (mayRead ? 200 : 403), label)
        let names = (state.body.array ?? []).filter { $0["type"] == "m.room.name" }
        #expect(
            names.map { $0["content"]?["name"]?.string } == (mayRead ? [played.scenario.name(for: kind)] : []), label)
        let isMember = kind == .joined || kind == .rejoined
        #expect(await get("joined_members").status == (isMember ? 200 : 403), label)
        // At the newest place of all, too.
        for query in ["", "?at=t9223372036854775807-0-0"] {
            let members = await get("members\(query)")
            #expect(members.status == (mayRead ? 200 : 403), label)
            let again = (members["chunk"]?.array ?? []).first { $0["state_key"] == "@rejoined:example.org" }
            let membership = again?["content"]?["membership"]
            // Whoever was put out saw the other leave, whoever left before did not.
            switch kind {
            case .left: #expect(membership == "join", label)
            case .banned: #expect(membership == "leave", label)
            default: #expect(membership == (mayRead ? "join" : nil), label)
            }
        }
    }

    func relations() async {
        for (phase, message) in played.messages.enumerated() {
            let found = await get("relations/\(message)", "v1")
            #expect(found.status == (visible.contains(phase) ? 200 : 404), label)
            #expect((found["chunk"]?.array ?? []).count == (visible.contains(phase) ? 2 : 0), label)
        }
    }

    func threads() async {
        let found = await get("threads", "v1")
        #expect(found.status == (mayRead ? 200 : 403), label)
        // Threads that began later than somebody left are not listed, even where they might be seen.
        let leaves = kind == .left || kind == .banned
        let listed = leaves ? visible.filter { $0 < VisibilityScenario.departure } : visible
        #expect(PlayedScenario.phases(found["chunk"]) == listed, label)
    }

    func times() async {
        for (phase, time) in played.times.enumerated() {
            let found = await get("timestamp_to_event?dir=f&ts=\(time)", "v1")
            if visible.contains(phase) {
                #expect(found["origin_server_ts"]?.int == time, label)
            }
            if !mayRead { #expect(found.status == 403, label) }
            guard let event = found["event_id"]?.string else { continue }
            #expect(await get("event/\(event)").status == 200, label)
        }
    }

    func sync() async {
        let filter = "%7B%22room%22:%7B%22include_leave%22:true,%22timeline%22:%7B%22limit%22:100%7D%7D%7D"
        let rooms = await api.ask(.get, "/sync?filter=\(filter)", as: kind.rawValue)["rooms"]
        func shown(_ section: String) -> JSONValue? { rooms?[section]?[room] }
        switch kind {
        case .joined, .rejoined:
            let told = PlayedScenario.phases(shown("join")?["timeline"]?["events"])
            // Before a hole in which the state changed a timeline may be cut off.
            let hasHole = visible.count < VisibilityScenario.phases - (visible.first ?? 0)
            #expect(hasHole ? !told.isEmpty && told == visible.suffix(told.count) : told == visible, label)
        case .left, .banned:
            let then = visible.filter { $0 < VisibilityScenario.departure }
            #expect(PlayedScenario.phases(shown("leave")?["timeline"]?["events"]) == then, label)
        case .invited: #expect(shown("invite") != nil && shown("join") == nil && shown("leave") == nil, label)
        case .stranger: #expect(["join", "invite", "leave"].allSatisfy { shown($0) == nil }, label)
        }
    }
}
