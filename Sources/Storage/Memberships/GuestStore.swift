package import MatrixCore
package import Postgres

/// Guests among the members of rooms.
package struct GuestStore: Sendable {
    private let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// Guests of this server who are joined to a room, in the order of their numbers, those after one.
    package func guests(
        of server: ServerName, in room: RoomNID, after user: UserNID?, limit: Int
    ) async throws -> [UserNID] {
        let rows = try await pool.query(
            GuestStatements.joined, room.rawValue, server.description, user?.rawValue ?? 0, Int64(limit))
        return try rows.map { UserNID(try $0.get(0, Int64.self)) }
    }
}

enum GuestStatements {
    static let all = [joined]

    static let joined = Statement(
        "guests.joined",
        """
        select m.user_nid from memberships m join accounts a on a.user_nid = m.user_nid and a.guest
        where m.room_nid = $1 and m.server_nid = (select s.server_nid from servers s where s.server_name = $2)
            and m.membership = 1 and m.user_nid > $3
        order by m.user_nid limit $4
        """, mode: .read)
}
