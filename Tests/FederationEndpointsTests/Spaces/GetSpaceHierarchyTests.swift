import EndpointsTesting
import HTTPTypes
import MatrixCore
import Rooms
import Testing

@Suite struct GetSpaceHierarchyTests {
    private let place = "/_matrix/federation/v1/hierarchy/"

    @Test func aSpaceIsToldWithTheRoomsInIt() async throws {
        try await QueryAPI.with { api in
            let alice = try await api.user("alice")
            func room(_ fill: (inout RoomCreation) -> Void) async throws -> RoomID {
                var creation = RoomCreation(version: .default)
                creation.preset = .publicChat
                fill(&creation)
                return try await api.rooms.create(creation, by: alice, aliases: nil)
            }
            let open = try await room { $0.name = "Open" }
            let secret = try await room { $0.preset = .privateChat }
            let space = try await room { creation in
                creation.creationContent = ["type": "m.space"]
                creation.initialState = [open, secret].map { child in
                    .init(
                        type: EventType.spaceChild, stateKey: child.description,
                        content: ["via": ["example.org"], "suggested": .bool(child == open)])
                }
            }
            let answer = await api.ask(.get, place + space.description)
            #expect(answer.status == 200)
            #expect(answer["room"]?["room_id"] == .string(space.description))
            #expect(answer["room"]?["children_state"]?.array?.count == 2)
            #expect(answer["children"]?.array?.map { $0["name"] } == ["Open"])
            #expect(answer["children"]?.array?.first?["room_version"] == "12")
            #expect(answer["inaccessible_children"] == [.string(secret.description)])
            let suggested = await api.ask(.get, place + space.description + "?suggested_only=true")
            #expect(suggested["room"]?["children_state"]?.array?.count == 1)
            #expect(suggested["inaccessible_children"] == [])
            for room in [secret.description, "!nowhere:example.org"] {
                let refused = await api.ask(.get, place + room)
                #expect(refused.status == 404 && refused.errcode == "M_NOT_FOUND")
            }
            #expect(await api.ask(.get, place + "nonsense").errcode == "M_INVALID_PARAM")
            #expect(await api.ask(.get, place + space.description, signed: false).status == 401)
        }
    }
}
