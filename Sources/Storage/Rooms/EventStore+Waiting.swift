package import MatrixCore
import Postgres

/// Redactions that came before the event that they redact.
extension EventStore {
    /// Redactions of one event that are looked at: any one that takes effect is enough.
    private static var maxWaiting: Int64 { 4 }

    /// Notes that a redaction, by a user of a server, waits for an event.
    package func keep(
        waiting redaction: EventID, of event: EventID, by server: ServerName, in room: RoomNID
    ) async throws {
        _ = try await pool.query(
            WaitingRedactionStatements.keep, room.rawValue, event.description, server.description,
            redaction.description)
    }

    /// What waits for some events, of each only redactions by users of the event's own server.
    ///
    /// Cost: one query for all.
    package func redactions(
        waitingFor events: [(eventID: EventID, server: ServerName)], in room: RoomNID
    ) async throws -> [EventID: [EventID]] {
        guard !events.isEmpty else { return [:] }
        let rows = try await pool.query(
            WaitingRedactionStatements.waiting, room.rawValue, events.map(\.eventID.description),
            events.map(\.server.description), Self.maxWaiting)
        var found: [EventID: [EventID]] = [:]
        for row in rows {
            let (target, id) = try row.decode((String, String).self)
            guard let event = EventID(target), let redaction = EventID(id) else {
                throw StorageError.corrupt("waiting_redactions")
            }
            found[event, default: []].append(redaction)
        }
        return found
    }

    /// Nothing waits for these events any more.
    package func drop(waitingFor events: [EventID], in room: RoomNID) async throws {
        guard !events.isEmpty else { return }
        _ = try await pool.query(
            WaitingRedactionStatements.drop, room.rawValue, events.map(\.description))
    }
}

enum WaitingRedactionStatements {
    static let all = [keep, waiting, drop]

    static let keep = Statement(
        "events.keep_waiting_redaction",
        """
        insert into waiting_redactions (room_nid, event_id, server_name, redaction_id) values ($1, $2, $3, $4)
        on conflict do nothing
        """)
    static let waiting = Statement(
        "events.waiting_redactions",
        """
        select i.event, w.redaction_id from unnest($2::text[], $3::text[]) as i(event, server)
        cross join lateral (
            select r.redaction_id from waiting_redactions r
            where r.room_nid = $1 and r.event_id = i.event and r.server_name = i.server
            order by r.redaction_id limit $4
        ) w
        """, mode: .read)
    static let drop = Statement(
        "events.drop_waiting_redactions",
        "delete from waiting_redactions where room_nid = $1 and event_id = any ($2)")
}
