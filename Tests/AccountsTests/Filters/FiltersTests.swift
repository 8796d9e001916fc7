import Accounts
import Cluster
import HTTPAPI
import MatrixCore
import Storage
import Telemetry
import Testing

@Suite struct FiltersTests {
    private func json(_ text: String) throws -> JSONView { try JSONDocument(parsing: text).root }

    @Test(arguments: [
        "[]", "1", #"{"presence":"x"}"#, #"{"presence":{"types":"x"}}"#, #"{"account_data":{"limit":-1}}"#,
        #"{"account_data":{"limit":1.5}}"#, #"{"account_data":{"limit":"1"}}"#, #"{"account_data":{"limit":9e99}}"#,
        #"{"presence":{"senders":["not a user"]}}"#, #"{"presence":{"not_senders":[1]}}"#, #"{"event_fields":"a"}"#,
        #"{"event_fields":[1]}"#, #"{"event_format":"xml"}"#, #"{"event_format":1}"#, #"{"room":[]}"#,
        #"{"room":{"rooms":"!a:b"}}"#, #"{"room":{"rooms":["a"]}}"#, #"{"room":{"not_rooms":["@a:b"]}}"#,
        #"{"room":{"include_leave":"yes"}}"#, #"{"room":{"timeline":"x"}}"#, #"{"room":{"state":{"rooms":["x"]}}}"#,
        #"{"room":{"state":{"lazy_load_members":1}}}"#, #"{"room":{"ephemeral":{"not_types":{}}}}"#,
        #"{"room":{"account_data":{"contains_url":null}}}"#,
    ])
    func refusesWhatIsNoFilter(_ text: String) throws {
        do {
            try FilterDefinition.check(try json(text))
            Issue.record("\(text) passed")
        } catch let error as MatrixError {
            #expect(error.errcode == .badJSON)
        }
    }

    @Test func refusesAFilterThatIsTooLarge() throws {
        let text = #"{"event_fields":[""# + String(repeating: "x", count: FilterDefinition.maxBytes) + "\"]}"
        do {
            try FilterDefinition.check(try json(text))
            Issue.record("it passed")
        } catch let error as MatrixError {
            #expect(error.errcode == .tooLarge)
        }
    }

    @Test(arguments: [
        "{}", #"{"org.example":1}"#, #"{"event_format":"federation","event_fields":["content.body"]}"#,
        #"{"room":{"timeline":{"limit":0,"types":["m.*"],"lazy_load_members":true,"rooms":["!a:b"]},"include_leave":true}}"#,
        #"{"presence":{"senders":["@a:b"],"not_types":["*"]},"account_data":{"limit":10}}"#,
    ])
    func acceptsFilters(_ text: String) throws { try FilterDefinition.check(try json(text)) }

    @Test func equalFiltersAreOneOfTheirUser() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let alice = try await worker.user(try await worker.register("alice"))
                let bob = try await worker.user(try await worker.register("bob"))
                let filters = worker.services.filters
                let ids = try await withThrowingTaskGroup { group in
                    for number in 0..<8 {
                        let filter = number % 2 == 0 ? #"{"a":1,"b":2}"# : #"{ "b": 2, "a": 1 }"#
                        group.addTask { try await filters.define(try json(filter), for: alice.userNID) }
                    }
                    return try await group.reduce(into: Set<String>()) { $0.insert($1) }
                }
                #expect(ids.count == 1)
                let id = try #require(ids.first)
                #expect(try await filters.filter(id, of: alice.userNID) == Array(#"{"a":1,"b":2}"#.utf8))
                #expect(try await filters.filter(id, of: bob.userNID) == nil)
                for id in ["", "x", "-1", "0", "99", "99999999999999999999", "{}"] {
                    #expect(try await filters.filter(id, of: alice.userNID) == nil)
                }
                #expect(try await filters.define(try json("{}"), for: alice.userNID) != id)
            }
        }
    }
}
