import Postgres

/// The SQL of rooms: heads, appends and the state tree.
enum RoomStatements {
    static let all = [
        internRoom, byID, byNIDs, head, append, store, packs, packsOfRooms, reserveEvents, reservePacks,
    ]

    static let internRoom = Statement(
        "rooms.intern", "select room_nid, room_id, shard, version from intern_room($1, $2, $3, $4)")
    static let byID = Statement(
        "rooms.by_id", "select room_nid, room_id, shard, version from rooms where room_id = $1", mode: .read)
    static let byNIDs = Statement(
        "rooms.by_nids", "select room_nid, room_id, shard, version from rooms where room_nid = any ($1)", mode: .read)
    static let head = Statement(
        "rooms.head",
        """
        select version, extremities, state_root, position from log
        where room_nid = $1 and version is not null order by version desc limit 1
        """, mode: .read)
    static let append = Statement(
        "rooms.append",
        """
        select outcome, new_position, previous from append_room_events(
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
            $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38)
        """)
    static let store = Statement(
        "rooms.store_events",
        """
        select store_events(
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
        """)
    static let packs = Statement(
        "rooms.packs", "select pack_nid, body from state_packs where room_nid = $1 and pack_nid = any ($2)", mode: .read
    )
    static let packsOfRooms = Statement(
        "rooms.packs_of_rooms",
        """
        select i.room, i.pack, s.body from unnest($1::bigint[], $2::bigint[]) as i(room, pack)
        cross join lateral (select body from state_packs where room_nid = i.room and pack_nid = i.pack limit 1) s
        """, mode: .read)
    static let reserveEvents = Statement("rooms.reserve_events", "select nextval('event_nids')")
    static let reservePacks = Statement("rooms.reserve_packs", "select nextval('pack_nids')")
}
