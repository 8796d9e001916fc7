package import HTTPAPI
package import MatrixCore
import Rooms
import Search

/// Searches what was said in the caller's rooms.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3search
/// - Errors: 400 `M_MISSING_PARAM`, `M_BAD_JSON`, and `M_INVALID_PARAM` for a term that is too long, an order, key or group
///   that there is not, and a batch of another search.
package enum SearchMessages: Endpoint {
    package static let route = Route("search", .post, "/_matrix/client/v3/search", rateLimit: .requests)

    package struct Request: RequestDecodable {
        /// `nil`: nothing that there is here is searched.
        let search: MessageSearchRequest?

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            guard let categories = try input.fields().object("search_categories") else {
                throw .missingParam("search_categories")
            }
            let events = try categories.object("room_events")
            let nextBatch = input.query(optional: "next_batch")
            guard let events else {
                search = nil
                return
            }
            search = try MessageSearchRequest(events, nextBatch: nextBatch)
        }
    }

    package struct Response: JSONResponse {
        let results: MessageSearchResults?

        package var expectedBytes: Int {
            (results?.results ?? []).reduce(500) { $0 + $1.event.count + ($1.context?.expectedBytes ?? 0) + 64 }
        }

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.key("search_categories")
                json.object { json in
                    guard let results else { return }
                    json.key("room_events")
                    results.write(to: &json)
                }
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: SearchServices
    ) async throws -> Response {
        guard let search = request.search else { return Response(results: nil) }
        return Response(
            results: try await services.messages.search(search, by: caller.userNID, device: caller.deviceID))
    }
}

extension MessageSearchRequest {
    fileprivate init(_ fields: JSONFields, nextBatch: String?) throws(MatrixError) {
        self.init(term: try fields.required("search_term"))
        self.nextBatch = nextBatch
        if let keys = try fields.optional(each: "keys", { Key(rawValue: $0) }) { self.keys = Set(keys) }
        if let order = try fields.optional("order_by", { Order(rawValue: $0) }) { self.order = order }
        if let filter: JSONView = try fields.optional("filter") {
            do { self.filter = try RoomEventFilter(filter) } catch {
                throw .invalidParam("filter.\(error.member) is not valid")
            }
        }
        if let context = try fields.object("event_context") {
            surroundings = Surroundings(
                before: try context.optional("before_limit") ?? Surroundings.defaultLimit,
                after: try context.optional("after_limit") ?? Surroundings.defaultLimit,
                includesProfiles: try context.optional("include_profile") ?? false)
        }
        includesState = try fields.optional("include_state") ?? false
        if let groups: [JSONView] = try fields.object("groupings")?.optional("group_by") {
            for group in groups.prefix(Grouping.allCases.count) {
                groupings.insert(
                    try JSONFields(of: group, named: "group_by").required("key", { Grouping(rawValue: $0) }))
            }
        }
    }
}

extension MessageSearchResults {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("count", count)
            json.field("highlights", strings: highlights)
            json.key("results")
            json.array { json in for result in results { result.write(to: &json) } }
            if let state { Self.write(state, to: &json) }
            if !groups.isEmpty { writeGroups(to: &json) }
            json.field(optional: "next_batch", nextBatch)
        }
    }

    private static func write(_ state: [RoomID: [[UInt8]]], to json: inout JSONWriter) {
        json.key("state")
        json.object { json in
            for (roomID, events) in state.sorted(by: { $0.key < $1.key }) {
                json.key(roomID.description)
                json.array { for event in events { $0.raw(event) } }
            }
        }
    }

    private func writeGroups(to json: inout JSONWriter) {
        json.key("groups")
        json.object { json in
            for (grouping, named) in groups.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                json.key(grouping.rawValue)
                json.object { json in
                    for (name, group) in named.sorted(by: { $0.value.order < $1.value.order }) {
                        json.key(name)
                        json.object {
                            $0.field("order", group.order)
                            $0.field("results", strings: group.results.map(\.description))
                            $0.field(optional: "next_batch", group.nextBatch)
                        }
                    }
                }
            }
        }
    }
}

extension MessageSearchResults.Result {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("rank", rank)
            json.field("result", raw: event)
            guard let context else { return }
            json.key("context")
            context.write(to: &json)
        }
    }
}

extension MessageSearchResults.Context {
    fileprivate var expectedBytes: Int { (before + after).reduce(200) { $0 + $1.count + 1 } }

    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("start", start)
            json.field("end", end)
            for (key, events) in [("events_before", before), ("events_after", after)] {
                json.key(key)
                json.array { for event in events { $0.raw(event) } }
            }
            guard let profiles else { return }
            json.key("profile_info")
            json.object { json in
                for (userID, profile) in profiles {
                    json.key(userID.description)
                    json.object {
                        $0.field(optional: "displayname", profile.displayName)
                        $0.field(optional: "avatar_url", profile.avatarURL)
                    }
                }
            }
        }
    }
}
