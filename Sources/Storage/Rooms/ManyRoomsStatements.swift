import Postgres

/// The SQL of reading many rooms together: one statement for each kind of thing, however many rooms there are.
enum ManyRoomsStatements {
    static let all = [byIDs, heads]

    static let byIDs = Statement(
        "rooms.by_ids", "select room_nid, room_id, shard, version from rooms where room_id = any ($1)", mode: .read)
    static let heads = Statement(
        "rooms.heads",
        """
        select i.room, h.version, h.extremities, h.state_root, h.position from unnest($1::bigint[]) as i(room)
        cross join lateral (
            select l.version, l.extremities, l.state_root, l.position from log l
            where l.room_nid = i.room and l.version is not null order by l.version desc limit 1
        ) h
        """, mode: .read)
}
