import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

struct ThreadSubscriptionEndpointTests {
    @Test(arguments: ["/_matrix/client/v1", "/_matrix/client/unstable/io.element.msc4306"])
    func subscribesAndUnsubscribes(base: String) async throws {
        try await SyncAPI.with { api in
            let (room, root) = try await api.room(by: "alice")
            let path = "\(base)/rooms/\(room)/thread/\(root)/subscription"
            func ask(_ method: HTTPRequest.Method, _ body: JSONValue? = nil, as user: String? = "alice") async
                -> EndpointAnswer
            { await api.ask(method, at: path, body, as: user) }
            let isUnstable = base.contains("unstable")
            #expect(await ask(.get).errcode == "M_NOT_FOUND")
            #expect(
                await ask(.put, ["automatic": .string(root)]).errcode
                    == (isUnstable ? "IO.ELEMENT.MSC4306.M_NOT_IN_THREAD" : "M_NOT_IN_THREAD"))
            let sent = await api.ask(
                .put, "/rooms/\(room)/send/m.room.message/2",
                [
                    "msgtype": "m.text", "body": "in it",
                    "m.relates_to": ["rel_type": "m.thread", "event_id": .string(root)],
                ], as: "alice")
            let reply = try #require(sent["event_id"])
            #expect(await ask(.put, ["automatic": reply]).body == [:])
            #expect(await ask(.get).body == ["automatic": true])
            #expect(await ask(.put, [:]).body == [:])
            #expect(await ask(.get).body == ["automatic": false])
            #expect(await ask(.delete).body == [:])
            #expect(await ask(.delete).body == [:])
            let late = await ask(.put, ["automatic": reply])
            #expect(late.status == 409)
            #expect(
                late.errcode
                    == (isUnstable ? "IO.ELEMENT.MSC4306.M_CONFLICTING_UNSUBSCRIPTION" : "M_CONFLICTING_UNSUBSCRIPTION")
            )
            // Whoever cannot see the room learns nothing.
            for method in [HTTPRequest.Method.get, .put, .delete] {
                let answer = await ask(method, method == .put ? [:] : nil, as: "mallory")
                #expect(answer.status == 404 && answer.errcode == "M_NOT_FOUND")
                #expect(await ask(method, nil, as: nil).status == 401)
            }
            #expect(await ask(.put, ["automatic": 7]).errcode == "M_BAD_JSON")
        }
    }

    @Test(arguments: [
        "/_matrix/client/v1/thread_subscriptions", "/_matrix/client/unstable/io.element.msc4308/thread_subscriptions",
    ])
    func listsChanges(path: String) async throws {
        try await SyncAPI.with { api in
            let (room, root) = try await api.room(by: "alice")
            func ask(_ query: String) async -> EndpointAnswer {
                await api.ask(.get, at: "\(path)?\(query)", as: "alice")
            }
            #expect(await ask("dir=b").body == [:])
            _ = await api.ask(
                .put, at: "/_matrix/client/v1/rooms/\(room)/thread/\(root)/subscription", [:], as: "alice")
            let page = await ask("dir=b&limit=5")
            #expect(page["subscribed"]?[room]?[root]?["automatic"] == false && page["end"] == nil)
            #expect(page["subscribed"]?[room]?[root]?["bump_stamp"]?.int != nil)
            for query in ["", "dir=f", "dir=b&limit=0", "dir=b&from=x", "dir=b&to=x"] {
                let answer = await ask(query)
                #expect(answer.status == 400, "\(query)")
            }
        }
    }
}
