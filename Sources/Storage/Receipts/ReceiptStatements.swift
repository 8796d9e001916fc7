import Postgres

/// The SQL of receipts.
enum ReceiptStatements {
    static let all = [move, changes, marks, atEvents]

    static let move = Statement(
        "receipts.move",
        """
        select new_position, previous, is_public, user_position, user_previous from move_receipts(
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        """)
    /// Private receipts of others are nobody's business.
    static let changes = Statement(
        "receipts.changes",
        """
        select r.room_nid, r.user_nid, r.kind, r.thread, r.event_id, r.sent_ms
        from unnest($2::bigint[], $3::bigint[], $4::bigint[]) as i(room, since, head)
        join receipts r on r.room_nid = i.room and r.position > i.since and r.position <= i.head
        where r.kind = 1 or r.user_nid = $1
        order by r.position
        """, mode: .read)
    /// Receipts at some events, and all of the user's own.
    static let atEvents = Statement(
        "receipts.at_events",
        """
        select r.room_nid, r.user_nid, r.kind, r.thread, r.event_id, r.sent_ms
        from unnest($2::bigint[], $3::bigint[]) as i(room, head)
        join receipts r on r.room_nid = i.room and r.position <= i.head
        where r.user_nid = $1 or (r.kind = 1 and r.event_id = any ($4))
        order by r.position
        """, mode: .read)
    static let marks = Statement(
        "receipts.marks",
        """
        select r.room_nid, r.thread, max(array[r.event_position, r.event_order]) from receipts r
        where r.room_nid = any ($2) and r.user_nid = $1 and r.event_position is not null group by r.room_nid, r.thread
        """, mode: .read)
}
