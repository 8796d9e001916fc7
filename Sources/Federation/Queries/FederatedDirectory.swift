import Cluster
package import Directory
package import FederationAPI
import HTTPAPI
package import MatrixCore
import Storage
package import Telemetry

/// Rooms of other servers, which are asked for them. What they tell is kept for a while, under the servers that were asked:
/// what one server says of a room is not believed by those who would ask another.
package struct FederatedDirectory: RemoteDirectory {
    /// Questions under way in a worker.
    private static let maxFlights = 64
    /// Of all answers that are remembered, in bytes.
    private static let maxBytes = 16 << 20
    private static let listLifetime = Duration.seconds(30)
    private static let hierarchyLifetime = Duration.seconds(300)
    /// That nobody tells of a room is believed for less.
    private static let silenceLifetime = Duration.seconds(60)
    /// What one server has for a space.
    private static let patience = Duration.seconds(10)

    private struct List: Hashable {
        let server: ServerName
        let query: PublicRoomQuery
    }

    private struct Space: Hashable {
        let room: RoomID
        let servers: [ServerName]
    }

    private struct Memory<Value: Sendable>: Sendable {
        let value: Value
        let bytes: Int
        let expires: Duration
    }

    private let client: FederationClient
    private let clock: any Clock
    private let lists = GenerationalCache<List, Memory<PublicRoomPage>>(maxWeight: maxBytes, weight: \.bytes)
    private let spaces = GenerationalCache<Space, Memory<RemoteHierarchy?>>(maxWeight: maxBytes, weight: \.bytes)
    private let listFlights = Flights<List, PublicRoomPage>(atMost: maxFlights)
    private let spaceFlights = Flights<Space, RemoteHierarchy?>(atMost: maxFlights)

    package init(client: FederationClient, clock: any Clock) {
        self.client = client
        self.clock = clock
    }

    // MARK: Public rooms

    package func publicRooms(_ query: PublicRoomQuery, of server: ServerName) async throws -> PublicRoomPage {
        let key = List(server: server, query: query)
        if let known = lists[key], known.expires > clock.monotonic { return known.value }
        do {
            return try await listFlights.join(key) {
                let page = try await ask(server, for: query)
                let bytes = page.rooms.reduce(200) { $0 + $1.weight }
                lists.keep(Memory(value: page, bytes: bytes, expires: clock.monotonic + Self.listLifetime), for: key)
                return page
            }
        } catch let error as FederationError {
            throw error.matrixError
        } catch is Flights<List, PublicRoomPage>.Refusal {
            throw MatrixError.limitExceeded(retryAfter: .seconds(5))
        }
    }

    private func ask(_ server: ServerName, for query: PublicRoomQuery) async throws -> PublicRoomPage {
        let answer = try await client.publicRooms(of: server, query: query.wireQuery, filter: query.wireFilter)
        let rooms = answer.rooms.prefix(query.limit ?? .max).compactMap { RoomSummary(told: $0) }
        return PublicRoomPage(
            rooms: rooms, nextBatch: answer.nextBatch, previousBatch: answer.previousBatch, total: answer.total)
    }

    // MARK: Spaces

    package func hierarchy(of room: RoomID, via servers: [ServerName]) async throws -> RemoteHierarchy? {
        guard !servers.isEmpty else { return nil }
        let key = Space(room: room, servers: servers)
        if let known = spaces[key], known.expires > clock.monotonic { return known.value }
        do {
            return try await spaceFlights.join(key) {
                let found = try await ask(servers, for: room)
                let bytes = found.map { $0.weight } ?? 200
                let lifetime = found == nil ? Self.silenceLifetime : Self.hierarchyLifetime
                spaces.keep(Memory(value: found, bytes: bytes, expires: clock.monotonic + lifetime), for: key)
                return found
            }
        } catch is Flights<Space, RemoteHierarchy?>.Refusal {
            return nil
        }
    }

    /// What the first server says that says anything about the room.
    private func ask(_ servers: [ServerName], for room: RoomID) async throws -> RemoteHierarchy? {
        for server in servers {
            do {
                let answer = try await clock.withDeadline(Self.patience) { [client] in
                    try await client.hierarchy(of: room, at: server)
                }
                if let found = RemoteHierarchy(answer), found.room.roomID == room { return found }
            } catch let error where error is FederationError || error is DeadlineExceeded {
                continue
            }
        }
        return nil
    }
}

extension RemoteHierarchy {
    init?(_ answer: HierarchyAnswer) {
        guard let room = RoomSummary(told: answer.room) else { return nil }
        self.init(
            room: room, children: answer.childrenState.compactMap { SpaceChild(told: $0) },
            childSummaries: answer.children.compactMap { RoomSummary(told: $0) },
            inaccessible: Set(answer.inaccessibleChildren))
    }

    fileprivate var weight: Int {
        childSummaries.values.reduce(room.weight) { $0 + $1.weight } + children.reduce(0) { $0 + $1.json.count + 200 }
            + inaccessible.count * 100
    }
}

extension RoomSummary {
    /// Roughly what it takes in memory.
    fileprivate var weight: Int {
        300 + (name?.utf8.count ?? 0) + (topic?.utf8.count ?? 0) + allowedRooms.count * 80
    }
}

extension PublicRoomQuery {
    fileprivate var wireQuery: [(name: String, value: String)] {
        var query: [(name: String, value: String)] = []
        if let limit { query.append(("limit", String(limit))) }
        if let since { query.append(("since", since)) }
        switch list {
        case .own: break
        case .network(let network): query.append(("third_party_instance_id", network))
        case .all: query.append(("include_all_networks", "true"))
        }
        return query
    }

    /// The body of a search; `nil` when nothing is looked for.
    fileprivate var wireFilter: JSONValue? {
        var filter: [String: JSONValue] = [:]
        if let searchTerm, !searchTerm.isEmpty { filter["generic_search_term"] = .string(searchTerm) }
        if let types { filter["room_types"] = .array(types.map { $0.map { .string($0) } ?? .null }) }
        guard !filter.isEmpty else { return nil }
        var body: [String: JSONValue] = ["filter": .object(filter)]
        if let limit { body["limit"] = .integer(Int64(limit)) }
        if let since { body["since"] = .string(since) }
        switch list {
        case .own: break
        case .network(let network): body["third_party_instance_id"] = .string(network)
        case .all: body["include_all_networks"] = true
        }
        return .object(body)
    }
}
