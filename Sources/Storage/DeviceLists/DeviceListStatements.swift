import Postgres

/// The SQL of device lists: whom a change concerns, and what changed.
enum DeviceListStatements {
    static let all = [changed, meetings, signed]

    /// Those whose devices or keys changed, of the members of some rooms and one more. As many rows are looked at as the rooms
    /// have members, however much happened on the server.
    static let changed = Statement(
        "device_lists.changed",
        """
        select u.user_id from (
            select m.user_nid from memberships m where m.room_nid = any ($1) and m.membership = 1
            union select $3::bigint
        ) c
        join device_lists d on d.user_nid = c.user_nid join users u on u.user_nid = c.user_nid
        where d.position > ($2::bigint[])[d.shard + 1]
        """, mode: .read)
    /// Whom somebody (`$9`) has met and lost. `$1` are the rooms that they are in, `$2` where each is looked at from, `$3` since
    /// when it is shared at most; `$4` those of them that they came into; `$5` the rooms that they left, `$6` where each is looked
    /// at from, `$7` where they left it; `$8` all rooms that they are in.
    static let meetings = Statement(
        "device_lists.meetings",
        """
        with met as (
            select m.user_nid from unnest($1::bigint[], $2::bigint[]) as r(room, since)
            join memberships m on m.room_nid = r.room and m.position > r.since
            where m.membership = 1 and m.joined_position > r.since and not exists (
                select 1 from memberships s join unnest($1::bigint[], $2::bigint[]) as k(room, since) on k.room = s.room_nid
                where s.user_nid = m.user_nid and s.membership = 1 and s.joined_position <= k.since
                    and k.room <> all ($4::bigint[]))
            union
            select m.user_nid from memberships m where m.room_nid = any ($4) and m.membership = 1
        ), lost as (
            select m.user_nid from unnest($1::bigint[], $3::bigint[]) as r(room, since)
            join memberships m on m.room_nid = r.room and m.position > r.since
            where m.membership <> 1 and m.left_position > r.since
            union
            select m.user_nid from unnest($5::bigint[], $6::bigint[], $7::bigint[]) as r(room, since, ended)
            join memberships m on m.room_nid = r.room
            where (m.membership = 1 and m.joined_position < r.ended) or m.left_position > r.since
        )
        select u.user_id, t.is_met from (
            select user_nid, true as is_met from met
            union all
            select l.user_nid, false from lost l where not exists (
                select 1 from memberships s
                where s.user_nid = l.user_nid and s.membership = 1 and s.room_nid = any ($8::bigint[]))
        ) t join users u on u.user_nid = t.user_nid where t.user_nid <> $9
        """, mode: .read)
    static let signed = Statement(
        "device_lists.signed",
        """
        select u.user_id from signed_users s join users u on u.user_nid = s.signed_nid
        where s.user_nid = $1 and s.position > $2
        """, mode: .read)
}
