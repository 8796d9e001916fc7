import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

/// What is shown of a room by ways that pass over it, or begin at its end.
extension TableReader {
    private var leaves: Bool { kind == .left || kind == .banned }
    /// What was said before the user left.
    private var stay: [Int] { leaves ? visible.filter { $0 < VisibilityScenario.departure } : visible }

    func slidingSync() async {
        let wish: JSONValue = [
            "timeline_limit": 100, "required_state": ["include": [["type": "m.room.name", "state_key": ""]]],
        ]
        let request: JSONValue = [
            "lists": ["all": .object((wish.object ?? [:]).merging(["range": [0, 9]]) { $1 })],
            "room_subscriptions": [room: wish],
        ]
        let answer = await api.ask(.post, at: SlidingSyncTests.stable, request, as: kind.rawValue)
        #expect(answer.status == 200, label)
        let told = answer["rooms"]?[room]
        switch kind {
        case .stranger: #expect(told == nil, label)
        case .invited:
            #expect(told?["membership"] == "invite" && told?["stripped_state"] != nil, label)
            #expect(told?["timeline"] == nil && told?["required_state"] == nil, label)
        case .joined, .rejoined, .left, .banned:
            #expect(PlayedScenario.phases(told?["timeline"]) == stay, label)
            let names = told?["required_state"]?.array?.compactMap { $0["content"]?["name"]?.string }
            #expect(names == [played.scenario.name(for: kind) ?? ""], label)
        }
    }

    func searching() async {
        let answer = await api.ask(
            .post, "/search", ["search_categories": ["room_events": ["search_term": "about"]]], as: kind.rawValue)
        #expect(answer.status == 200, label)
        let found = answer["search_categories"]?["room_events"]?["results"]?.array ?? []
        let phases = found.compactMap { $0["result"]?["content"]?["body"]?.string?.split(separator: " ").last }
            .compactMap { Int($0) }
        // Only who is in a room, or was, searches it.
        #expect(phases.sorted() == (kind == .stranger || kind == .invited ? [] : visible), label)
    }

    /// What happened since a time before the first phase, as those who look in from outside ask for it.
    func streams() async {
        let answer = await api.ask(
            .get, "/events?room_id=\(room)&from=\(played.beginning)&timeout=0", as: kind.rawValue)
        #expect(answer.status == (mayRead ? 200 : 403), label)
        #expect(PlayedScenario.phases(answer["chunk"]) == visible, label)
    }

    func roomsAtTheStart() async {
        let one = await get("initialSync?limit=100")
        #expect(one.status == (mayRead ? 200 : 403), label)
        #expect(PlayedScenario.phases(one["messages"]?["chunk"]) == stay, label)
        let names = one["state"]?.array?.compactMap { $0["content"]?["name"]?.string }
        #expect(names ?? [] == (mayRead ? [played.scenario.name(for: kind) ?? ""] : []), label)
        let all = await api.ask(.get, "/initialSync?limit=100&archived=true", as: kind.rawValue)
        let told = all["rooms"]?.array?.first { $0["room_id"]?.string == room }
        switch kind {
        case .stranger: #expect(told == nil, label)
        case .invited: #expect(told?["membership"] == "invite" && told?["messages"] == nil, label)
        case .joined, .rejoined, .left, .banned:
            #expect(PlayedScenario.phases(told?["messages"]?["chunk"]) == stay, label)
        }
    }

    /// Only members are notified, of what was said while they were there.
    func notifications() async {
        let answer = await api.ask(.get, "/notifications?limit=100", as: kind.rawValue)
        #expect(answer.status == 200, label)
        let events = answer["notifications"]?.array?.compactMap { $0["event"] } ?? []
        let joined = kind.memberships.lastIndex { $0 != .join }.map { $0 + 1 } ?? 0
        let isIn = kind.memberships.last == .join
        #expect(
            PlayedScenario.phases(.array(events)) == (isIn ? Array(joined..<VisibilityScenario.phases) : []), label)
    }
}
