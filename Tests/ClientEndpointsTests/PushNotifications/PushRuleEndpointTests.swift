import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

struct PushRuleEndpointTests {
    @Test func rulesAreAddedChangedAndRemoved() async throws {
        try await PushAPI.with { api in
            let path = "/pushrules/global/content/nocake"
            #expect(await api.ask(.put, path, ["pattern": "cake*lie", "actions": ["notify"]]).status == 200)
            let rule = await api.ask(.get, path)
            #expect(
                rule.body == [
                    "rule_id": "nocake", "default": false, "enabled": true, "pattern": "cake*lie",
                    "actions": ["notify"],
                ])
            #expect(await api.ask(.put, path + "/enabled", ["enabled": false]).body == [:])
            #expect(await api.ask(.get, path + "/enabled").body == ["enabled": false])
            let actions: JSONValue = ["notify", ["set_tweak": "highlight"]]
            #expect(await api.ask(.put, path + "/actions", ["actions": actions]).body == [:])
            #expect(await api.ask(.get, path + "/actions").body == ["actions": actions])
            // Changed again it stays disabled: only new rules are enabled.
            #expect(await api.ask(.put, path, ["pattern": "pie", "actions": []]).status == 200)
            let changed = await api.ask(.get, path)
            #expect(changed["enabled"] == false && changed["pattern"] == "pie" && changed["actions"] == [])
            #expect(await api.ask(.get, path, as: "alice").status == 404, "everybody has rules of their own")
            #expect(await api.ask(.delete, path).body == [:])
            #expect(await api.ask(.get, path).errcode == "M_NOT_FOUND")
        }
    }

    @Test func neighboursSayHowImportantARuleIs() async throws {
        try await PushAPI.with { api in
            func put(_ id: String, _ query: String = "") async -> EndpointAnswer {
                await api.ask(.put, "/pushrules/global/override/\(id)\(query)", ["conditions": [], "actions": []])
            }
            for id in ["a", "b", "c"] { #expect(await put(id).status == 200) }
            #expect(await api.rules("override") == ["c", "b", "a"], "the newest is the most important")
            #expect(await put("d", "?before=b").status == 200)
            #expect(await put("e", "?after=b").status == 200)
            #expect(await put("f", "?before=a&after=c").status == 200, "what it stands before counts")
            #expect(await api.rules("override") == ["c", "d", "b", "e", "f", "a"])
            #expect(await put("a", "?before=c").status == 200)
            #expect(await api.rules("override") == ["a", "c", "d", "b", "e", "f"])
            // Unknown ones, and those that the server has.
            for neighbour in ["?before=nobody", "?after=nobody", "?before=.m.rule.reaction"] {
                let answer = await put("g", neighbour)
                #expect(answer.status == 400 && answer.errcode == "M_UNKNOWN", "\(neighbour): \(answer)")
            }
            // One's own rules come right after the master rule.
            let all = await api.ask(.get, "/pushrules/")["global"]?["override"]?.array?.compactMap {
                $0["rule_id"]?.string
            }
            #expect(all?.prefix(2) == [".m.rule.master", "a"])
        }
    }

    @Test func defaultRulesAreSwitchedAndChangedButNotRemoved() async throws {
        try await PushAPI.with { api in
            let path = "/pushrules/global/override/.m.rule.master"
            #expect(await api.ask(.get, path + "/enabled").body == ["enabled": false])
            #expect(await api.ask(.put, path + "/enabled", ["enabled": true]).status == 200)
            #expect(await api.ask(.get, path + "/enabled").body == ["enabled": true])
            let message = "/pushrules/global/underride/.m.rule.message"
            #expect(await api.ask(.put, message + "/actions", ["actions": []]).status == 200)
            #expect(await api.ask(.get, message)["actions"] == [])
            #expect(await api.ask(.get, message)["default"] == true)
            #expect(await api.ask(.delete, message).errcode == "M_NOT_FOUND")
            let own = await api.ask(.put, "/pushrules/global/override/.own", ["conditions": [], "actions": []])
            #expect(own.status == 400 && own.errcode == "M_INVALID_PARAM", "such names are the server's")
        }
    }

    @Test(arguments: [
        (HTTPRequest.Method.get, ""), (.delete, ""), (.get, "/enabled"), (.put, "/enabled"), (.get, "/actions"),
        (.put, "/actions"),
    ])
    func thereIsNoSuchRule(method: HTTPRequest.Method, part: String) async throws {
        try await PushAPI.with { api in
            let body: JSONValue? = method == .put ? ["enabled": true, "actions": []] : nil
            for rule in ["override/nobody", "room/!room:example.org", "override/.m.rule.unheard"] {
                let answer = await api.ask(method, "/pushrules/global/\(rule)\(part)", body)
                #expect(answer.status == 404 && answer.errcode == "M_NOT_FOUND", "\(rule): \(answer)")
            }
            // There once were rules for single devices.
            let device = await api.ask(method, "/pushrules/device/D/override/x\(part)", body)
            #expect(device.status == 404 && device.errcode == "M_UNRECOGNIZED", "\(device)")
        }
    }

    @Test(
        arguments: [
            ("override/a%2Fb", ["conditions": [], "actions": []], "M_INVALID_PARAM"),
            ("override/a%5Cb", ["conditions": [], "actions": []], "M_INVALID_PARAM"),
            ("nonsense/a", ["actions": []], "M_INVALID_PARAM"), ("override/a", ["conditions": []], "M_INVALID_PARAM"),
            ("override/a", ["conditions": [7], "actions": []], "M_INVALID_PARAM"),
            ("override/a", ["conditions": [], "actions": ["dance"]], "M_INVALID_PARAM"),
            ("content/a", ["actions": []], "M_INVALID_PARAM"),
            ("content/a", ["pattern": 7, "actions": []], "M_INVALID_PARAM"),
        ] as [(String, JSONValue, String)])
    func refusesWhatIsNoRule(rule: String, body: JSONValue, errcode: String) async throws {
        try await PushAPI.with { api in
            let answer = await api.ask(.put, "/pushrules/global/\(rule)", body)
            #expect(answer.status == 400 && answer.errcode == errcode, "\(answer)")
        }
    }

    @Test func wantsAToken() async throws {
        try await PushAPI.with { api in
            for path in ["/pushrules/", "/pushrules/global/", "/pushrules/global/room/x", "/notifications"] {
                #expect(await api.ask(.get, path, as: nil).errcode == "M_MISSING_TOKEN")
            }
        }
    }
}
