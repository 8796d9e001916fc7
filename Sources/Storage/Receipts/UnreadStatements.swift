import Postgres

/// The SQL of what is unread. An event counts for a user when it notifies the user, was not redacted, and comes after all of:
/// where the user joined, what the user's receipts say of its part of the room, and what the user sent there last.
///
/// Places are arrays of position and order, because arrays have a greatest one and rows have none. Where `offset 0` stands, the
/// planner would otherwise compute an expression again wherever it is named.
enum UnreadStatements {
    static let all = [unread, unreadInThreads, exceptions]

    /// Up to where the user has read a part of a room, by receipts, or where the user joined.
    private static func mark(threads: String) -> String {
        """
        select greatest(
            (select max(array[r.event_position, r.event_order]) from receipts r
             where r.room_nid = i.room and r.user_nid = $1 and r.thread in (\(threads)) and r.event_position is not null),
            array[i.floor, 9223372036854775807]) as mark
        offset 0
        """
    }

    /// What is said of an event `e` to the user. Most events have the same for all, and nothing is looked up.
    static let actions = """
        case when e.flags & 128 <> 0 then
            (select x.actions from notification_exceptions x where x.room_nid = e.room_nid and x.user_nid = $1
                and x.position = e.position and x.event_nid = e.event_nid)
        end
        """

    /// A redacted event does not count. Asked last, of what would count.
    private static let isKept = """
        not exists (select 1 from redactions r where r.room_nid = i.room and r.event_id = w.event_id offset 0)
        """

    /// Sending something tells that one has read what was there. A name that changes in all rooms at once does not.
    private static let isOwn = "e.sender_nid = $1 and e.event_type <> 'm.room.member'"

    private static let columns = """
        array[e.position, e.event_nid] as place, e.event_id, \(isOwn) as is_own,
        e.sender_nid <> $1 and coalesce(x.actions & 1 <> 0, e.flags & 8 <> 0) as notifies,
        e.sender_nid <> $1 and coalesce(x.actions & 2 <> 0, false) as highlights
        """

    /// Flags: 23 is what is not shown, or in a thread. The newest events are looked at; highlights before them are found by
    /// their own index.
    static let unread = Statement(
        "receipts.unread",
        """
        select i.room, c.notifications, c.looked = $5,
               case when c.looked < $5 then c.highlights else c.highlights + (
                   select count(*) from (
                       select x.event_nid from notification_exceptions x
                       cross join lateral (
                           select e.event_id from events e
                           where e.room_nid = i.room and e.event_nid = x.event_nid and e.flags & 23 = 0 limit 1
                       ) w
                       where x.room_nid = i.room and x.user_nid = $1 and x.actions & 2 <> 0
                           and (x.position, x.event_nid) > (m.mark[1], m.mark[2])
                           and (x.position, x.event_nid) < (c.oldest[1], c.oldest[2])
                           and c.own_mark is null and \(isKept)
                       limit $5
                   ) h) end
        from unnest($2::bigint[], $3::bigint[], $4::bigint[]) as i(room, floor, head)
        cross join lateral (\(mark(threads: "'', 'main'"))) m
        cross join lateral (
            select count(*) filter (where t.counts) as notifications,
                   count(*) filter (where t.counts and t.highlights) as highlights,
                   count(*) as looked, min(t.place) as oldest, max(t.own_mark) as own_mark
            from (
                select w.place, w.own_mark, w.highlights,
                       case when not w.notifies or w.own_mark is not null and w.place <= w.own_mark then false
                            else \(isKept) end as counts
                from (
                    select s.*, max(s.place) filter (where s.is_own) over () as own_mark
                    from (
                        select \(columns)
                        from events e cross join lateral (select \(actions) as actions offset 0) x
                        where e.room_nid = i.room and e.position > 0
                            and (e.position, e.event_nid) > (m.mark[1], m.mark[2])
                            and e.position <= i.head and e.flags & 23 = 0
                        order by e.position desc, e.event_nid desc limit $5
                    ) s
                ) w
                offset 0
            ) t
        ) c
        where c.notifications > 0 or c.looked = $5
        """, mode: .read)

    static let unreadInThreads = Statement(
        "receipts.unread_in_threads",
        """
        select i.room, u.root, count(*), count(*) filter (where u.highlights)
        from unnest($2::bigint[], $3::bigint[], $4::bigint[]) as i(room, floor, head)
        cross join lateral (\(mark(threads: "''"))) m
        cross join lateral (
            select w.root, w.highlights
            from (
                select s.*, max(s.place) filter (where s.is_own) over (partition by s.root) as own_mark
                from (
                    select t.root, e.*
                    from (
                        select t.root, t.event_nid from thread_events t
                        where t.room_nid = i.room and (t.position, t.event_nid) > (m.mark[1], m.mark[2])
                            and t.position <= i.head
                        order by t.position desc, t.event_nid desc limit $5
                    ) t
                    cross join lateral (
                        select \(columns)
                        from events e cross join lateral (select \(actions) as actions offset 0) x
                        where e.room_nid = i.room and e.event_nid = t.event_nid and e.flags & 7 = 0 limit 1
                    ) e
                ) s
            ) w
            where w.notifies and (w.own_mark is null or w.place > w.own_mark)
                and w.place > coalesce(
                    (select max(array[r.event_position, r.event_order]) from receipts r
                     where r.room_nid = i.room and r.user_nid = $1 and r.thread = w.root and r.event_position is not null),
                    array[0::bigint, 0])
                and \(isKept)
        ) u
        group by i.room, u.root
        """, mode: .read)

    static let exceptions = Statement(
        "receipts.exceptions",
        """
        select x.room_nid, x.user_nid, x.position, x.event_nid, x.actions
        from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as i(room, member, place)
        join notification_exceptions x on x.room_nid = i.room and x.user_nid = i.member and x.position = i.place
        """, mode: .read)
}
