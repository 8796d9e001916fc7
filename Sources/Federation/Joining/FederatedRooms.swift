package import FederationAPI
package import MatrixCore
package import Rooms
package import Storage
package import Telemetry

/// What rooms need of other servers.
package struct FederatedRooms: RemoteRooms {
    let rooms: RoomService
    let client: FederationClient
    let verifier: EventVerifier
    let keys: any RemoteKeys
    let telemetry: Telemetry
    let trials: ServerTrials
    let joins = JoinsUnderWay()
    let history: HistoryFetcher

    /// - Parameter rooms: without other servers; `RoomService.reaching(_:)` makes of it the one that has them.
    package init(
        rooms: RoomService, client: FederationClient, verifier: EventVerifier, keys: any RemoteKeys,
        telemetry: Telemetry
    ) {
        self.rooms = rooms
        self.client = client
        self.verifier = verifier
        self.keys = keys
        self.telemetry = telemetry.labelled("joining")
        trials = ServerTrials(clock: telemetry.clock)
        history = HistoryFetcher(rooms: rooms, client: client, verifier: verifier, telemetry: telemetry)
    }

    package func backfill(_ room: RoomRecord, before events: [EventID], limit: Int) async throws -> Bool {
        try await history.fetch(room, before: events, limit: limit)
    }

    /// - Throws: `MatrixError` when the alias's server gives no answer.
    package func room(for alias: RoomAlias) async throws -> (roomID: RoomID, servers: [ServerName])? {
        let server = alias.serverName
        guard server != rooms.server.name else { return nil }
        do {
            let answer = try await trials.first(of: [server]) { server in
                try await trials.quickly { try await client.resolve(alias, at: server) }
            }
            return (answer.roomID, answer.servers.isEmpty ? [server] : answer.servers)
        } catch let error as MatrixError where error.errcode == .notFound {
            return nil
        }
    }

    // MARK: Common to joining, leaving and knocking

    /// A room's version as we know it ourselves.
    func knownVersion(of roomID: RoomID) async throws -> RoomVersion? {
        try await rooms.reader.room(roomID).flatMap { RoomVersion($0.version) }
    }

    /// Has a server draft an event that changes a user's membership, and signs what we asked for.
    func make(
        _ draft: MembershipDraft, _ call: FederationClient.Draft, known: RoomVersion?, at server: ServerName
    ) async throws -> Event {
        let versions = call == .leave ? [] : RoomVersion.supportedIdentifiers
        let template = try await trials.quickly {
            try await client.makeMembership(
                call, roomID: draft.roomID, userID: draft.user, versions: versions, at: server)
        }
        let version = try draft.version(in: template, known: known)
        do {
            return try draft.event(from: template, in: version, of: server, signedBy: rooms.server, telemetry)
        } catch let error as PDUError {
            throw MatrixError(error)
        }
    }

    func others(_ servers: [ServerName]) -> [ServerName] {
        var seen: Set<ServerName> = [rooms.server.name]
        return servers.filter { seen.insert($0).inserted }
    }
}
