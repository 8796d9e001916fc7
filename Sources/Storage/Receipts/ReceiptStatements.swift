import Postgres

/// The SQL of receipts, and of what is unread because of them.
enum ReceiptStatements {
    static let all = [move, changes, marks, unread, unreadInThreads]

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
    static let marks = Statement(
        "receipts.marks",
        """
        select r.room_nid, r.thread, max(array[r.event_position, r.event_order]) from receipts r
        where r.room_nid = any ($2) and r.user_nid = $1 and r.event_position is not null group by r.room_nid, r.thread
        """, mode: .read)

    /// The events of a room that are unread after a mark: an array of position and order, because arrays have a greatest
    /// one and rows have none. No more than `limit`, the newest.
    private static func source(limit: String, _ condition: String) -> String {
        """
        select e.position, e.event_nid, coalesce(x.actions & 1 <> 0, e.flags & 8 <> 0) as notifies,
               coalesce(x.actions & 2 <> 0, false) as highlights
        from events e
        left join notification_exceptions x on x.room_nid = e.room_nid and x.user_nid = $1
            and x.position = e.position and x.event_nid = e.event_nid
        where e.room_nid = i.room and e.position > 0 and (e.position, e.event_nid) > (m.mark[1], m.mark[2])
            and e.position <= i.head and e.flags & 7 = 0 and e.sender_nid <> $1 and \(condition)
        order by e.position desc, e.event_nid desc limit \(limit)
        """
    }
    /// Where the user has read up to; without receipts where it joined, as far as its newest member event tells.
    private static func mark(threads: String) -> String {
        """
        select coalesce(
            (select max(array[r.event_position, r.event_order]) from receipts r
             where r.room_nid = i.room and r.user_nid = $1 and r.thread in (\(threads)) and r.event_position is not null),
            array[i.floor, 9223372036854775807]) as mark
        """
    }

    static let unread = Statement(
        "receipts.unread",
        """
        select i.room, count(*) filter (where u.notifies), count(*) filter (where u.highlights)
        from unnest($2::bigint[], $3::bigint[], $4::bigint[]) as i(room, floor, head)
        cross join lateral (\(mark(threads: "'', 'main'"))) m
        cross join lateral (\(source(limit: "$5", "e.flags & 16 = 0"))) u
        group by i.room
        """, mode: .read)
    static let unreadInThreads = Statement(
        "receipts.unread_in_threads",
        """
        select i.room, u.event_nid, u.position, u.notifies, u.highlights
        from unnest($2::bigint[], $3::bigint[], $4::bigint[]) as i(room, floor, head)
        cross join lateral (\(mark(threads: "''"))) m
        cross join lateral (\(source(limit: "$5", "e.flags & 16 <> 0"))) u
        where u.notifies or u.highlights
        """, mode: .read)
}
