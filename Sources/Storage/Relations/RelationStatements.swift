import Postgres

/// The SQL of what relates to what.
enum RelationStatements {
    static let all = [
        directBackwards, directForwards, typedBackwards, typedForwards, recursiveBackwards, recursiveForwards, groups,
        annotations, threads,
    ]

    private static let order = "r.depth, r.position, r.event_nid"
    private static let newestFirst = "r.depth desc, r.position desc, r.event_nid desc"

    // Pages of what relates to one event, between two points of which the first is part of it.
    private static func page(_ relations: String, _ order: String) -> String {
        """
        select r.event_nid from \(relations)
          and (\(Self.order)) >= ($3, $4, $5) and (\(Self.order)) < ($6, $7, $8)
        order by \(order) limit $9
        """
    }
    private static let direct = "relations r where r.room_nid = $1 and r.parent_id = $2"
    private static let typed = """
        relations r where r.room_nid = $1 and r.parent_id = $2 and r.rel_type = $10
          and ($11::text is null or r.event_type = $11)
        """
    static let directBackwards = Statement(
        "relations.direct_backwards", page(direct, newestFirst), mode: .read)
    static let directForwards = Statement("relations.direct_forwards", page(direct, order), mode: .read)
    static let typedBackwards = Statement(
        "relations.typed_backwards", page(typed, newestFirst), mode: .read)
    static let typedForwards = Statement("relations.typed_forwards", page(typed, order), mode: .read)

    /// What relates to the event, and what relates to that: level by level, no more than so many. An event's id is looked up
    /// only to find what relates to it. The inner limits keep the planner to look-ups by key.
    private static func recursive(_ order: String) -> String {
        """
        with recursive walk (level, event_nid, depth, position) as (
            select 1, r.event_nid, r.depth, r.position from relations r
            where r.room_nid = $1 and r.parent_id = $2 and ($10::text is null or r.rel_type = $10)
              and ($11::text is null or r.event_type = $11)
            union
            select w.level + 1, c.event_nid, c.depth, c.position
            from walk w
            cross join lateral (
                select e.event_id from events e where e.room_nid = $1 and e.event_nid = w.event_nid limit 1
            ) e
            cross join lateral (
                select r.event_nid, r.depth, r.position from relations r
                where r.room_nid = $1 and r.parent_id = e.event_id and ($10::text is null or r.rel_type = $10)
                  and ($11::text is null or r.event_type = $11)
                limit $13
            ) c
            where w.level < $12
        ), found as (select distinct event_nid, depth, position from (select * from walk limit $13) w)
        select r.event_nid from found r where true
          and (\(Self.order)) >= ($3, $4, $5) and (\(Self.order)) < ($6, $7, $8)
        order by \(order) limit $9
        """
    }
    static let recursiveBackwards = Statement(
        "relations.recursive_backwards", recursive(newestFirst), mode: .read)
    static let recursiveForwards = Statement("relations.recursive_forwards", recursive(order), mode: .read)

    /// What relates to many events at once, of the types that are told with an event: how many, whether the user is among the
    /// senders, and the numbers of those that may be shown. Each event has its own end: what is before it counts.
    static let groups = Statement(
        "relations.groups",
        """
        with parents as materialized (
            select p.* from unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[])
                with ordinality as p(room_nid, parent_id, sender_nid, event_type, depth, position, event_nid, place)
            cross join lateral (
                select 1 from relations r where r.room_nid = p.room_nid and r.parent_id = p.parent_id limit 1
            ) x
        )
        select p.place, t.rel_type, c.total, c.participated, case t.rel_type
            when 'm.thread' then array(
                select r.event_nid from relations r
                where r.room_nid = p.room_nid and r.parent_id = p.parent_id and r.rel_type = 'm.thread'
                  and (\(order)) < (p.depth, p.position, p.event_nid) and r.sender_nid <> all ($9)
                order by \(newestFirst) limit $11)
            when 'm.replace' then array(
                select s.event_nid from (
                    select r.event_nid, r.origin_ms from relations r
                    where r.room_nid = p.room_nid and r.parent_id = p.parent_id and r.rel_type = 'm.replace'
                      and (\(order)) < (p.depth, p.position, p.event_nid)
                      and r.sender_nid = p.sender_nid and r.event_type = p.event_type
                    order by \(newestFirst) limit $12) s
                order by s.origin_ms desc, s.event_nid desc limit $11)
            else array(
                select r.event_nid from relations r
                where r.room_nid = p.room_nid and r.parent_id = p.parent_id and r.rel_type = 'm.reference'
                  and (\(order)) < (p.depth, p.position, p.event_nid) and r.sender_nid <> all ($9)
                order by \(order) limit $12)
            end
        from parents p
        cross join (values ('m.reference'), ('m.replace'), ('m.thread')) as t(rel_type)
        cross join lateral (
            select count(*) as total, bool_or(s.sender_nid = $8) as participated from (
                select r.sender_nid from relations r
                where r.room_nid = p.room_nid and r.parent_id = p.parent_id and r.rel_type = t.rel_type
                  and (\(order)) < (p.depth, p.position, p.event_nid) and r.sender_nid <> all ($9)
                limit $10) s
            having count(*) > 0
        ) c
        """, mode: .read)

    /// The events of all threads of a room, newest first: which is the newest of its thread, and, of those, whether the user
    /// has said something in it.
    static let threads = Statement(
        "relations.threads",
        """
        select r.parent_id, r.depth, r.position, r.event_nid, n.is_newest, case when n.is_newest then exists (
            select 1 from relations o where o.room_nid = $1 and o.parent_id = r.parent_id and o.rel_type = 'm.thread'
              and o.sender_nid = $9) else false end
        from relations r
        cross join lateral (select not exists (
            select 1 from relations o where o.room_nid = $1 and o.parent_id = r.parent_id and o.rel_type = 'm.thread'
              and (o.depth, o.position, o.event_nid) > (\(order)) and (o.depth, o.position, o.event_nid) < ($5, $6, $7)
              and o.sender_nid <> all ($8)) as is_newest) n
        where r.room_nid = $1 and r.rel_type = 'm.thread' and (\(order)) < ($2, $3, $4) and r.sender_nid <> all ($8)
        order by \(newestFirst) limit $10
        """, mode: .read)

    static let annotations = Statement(
        "relations.annotations",
        """
        select r.event_nid from relations r where r.room_nid = $1 and r.parent_id = $2 and r.rel_type = 'm.annotation'
          and r.sender_nid = $3 and r.event_type = $4
        order by \(newestFirst) limit $5
        """, mode: .read)
}
