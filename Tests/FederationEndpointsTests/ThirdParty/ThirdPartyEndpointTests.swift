import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

struct ThirdPartyEndpointTests {
    private func exchange(_ change: (inout [String: JSONValue]) -> Void = { _ in }) -> JSONValue {
        var event: [String: JSONValue] = [
            "type": "m.room.member", "room_id": "!room:example.org", "sender": "@alice:example.org",
            "state_key": "@bob:theirs.example",
            "content": [
                "membership": "invite",
                "third_party_invite": [
                    "display_name": "bob", "signed": ["mxid": "@bob:theirs.example", "token": "t", "signatures": [:]],
                ],
            ],
        ]
        change(&event)
        return .object(event)
    }

    private func exchanged(_ api: FederatedRoomAPI, _ body: JSONValue) async throws -> EndpointAnswer {
        try await api.ask(.put, "v1/exchange_third_party_invite", "!room:example.org", body: body)
    }

    private func bound(_ api: FederatedRoomAPI, _ invites: JSONValue?) async throws -> Int {
        var body: [String: JSONValue] = ["medium": "email", "address": "a@b.c", "mxid": "@alice:example.org"]
        body["invites"] = invites
        let status = try await api.ask(.put, "v1/3pid/onbind", body: .object(body), signed: false).status
        // As identity servers ask it.
        let posted = try await api.ask(.post, "v1/3pid/onbind", body: .object(body), signed: false).status
        #expect(posted == status)
        return status
    }

    @Test func refusesWhatIsNoThirdPartyInvite() async throws {
        try await FederatedRoomAPI.with { api in
            #expect(try await exchanged(api, exchange()).status == 404, "we are not in the room")
            let changes: [(inout [String: JSONValue]) -> Void] = [
                { $0["type"] = "m.room.message" }, { $0["room_id"] = "!other:example.org" },
                { $0["state_key"] = "@eve:theirs.example" }, { $0["content"] = [:] }, { $0["sender"] = "alice" },
                { $0["content"] = ["membership": "join"] },
            ]
            for change in changes {
                let answer = try await exchanged(api, exchange(change))
                #expect(answer.status == 400)
            }
            let stranger = exchange {
                $0["state_key"] = "@bob:elsewhere.example"
                $0["content"] = [
                    "membership": "invite",
                    "third_party_invite": [
                        "signed": ["mxid": "@bob:elsewhere.example", "token": "t", "signatures": [:]]
                    ],
                ]
            }
            #expect(try await exchanged(api, stranger).errcode == "M_FORBIDDEN")
            let foreign = exchange { $0["sender"] = "@otto:theirs.example" }
            #expect(try await exchanged(api, foreign).errcode == "M_FORBIDDEN")
        }
    }

    @Test func takesNoticeOfABindingWhateverIsInIt() async throws {
        try await FederatedRoomAPI.with { api in
            let good: JSONValue = [
                "room_id": "!r:example.org", "sender": "@x:example.org",
                "signed": ["mxid": "@alice:example.org", "token": "t", "signatures": [:]],
            ]
            let odd: JSONValue = ["room_id": "!r:example.org", "sender": "@x:example.org", "signed": 1]
            let cases: [(invites: JSONValue?, status: Int)] = [
                (nil, 400), ("none", 400), ([1, [:], odd], 200), ([good], 200),
            ]
            for (invites, status) in cases {
                let answer = try await bound(api, invites)
                #expect(answer == status)
            }
        }
    }
}
