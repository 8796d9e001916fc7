import Postgres

/// The SQL of the message search.
enum SearchStatements {
    static let all = [texts, add, remove, limitTime, byRank, newest, headlines]

    /// Of some events those that are searched and not redacted.
    static let texts = Statement(
        "search.texts",
        """
        select e.room_nid, e.event_nid, e.event_type, e.state_key_nid is not null, e.sender_nid, e.origin_ms, e.body
        from unnest($1::bigint[], $2::bigint[]) as i(room, nid)
        join events e on e.room_nid = i.room and e.event_nid = i.nid
        where e.event_type in ('m.room.message', 'm.room.name', 'm.room.topic') and e.flags & 7 = 0
            and not exists (select 1 from redactions r where r.room_nid = e.room_nid and r.event_id = e.event_id)
        """, mode: .read)
    static let add = Statement("search.add", "select add_search_entries($1, $2, $3, $4, $5, $6)")
    /// Takes out events that were redacted.
    static let remove = Statement(
        "search.remove",
        """
        delete from search_entries s
        using unnest($1::bigint[], $2::text[]) as i(room, id) join events e on e.event_id = i.id and e.room_nid = i.room
        where s.room_nid = e.room_nid and s.event_nid = e.event_nid
        """)

    /// For the rest of the transaction, in milliseconds.
    static let limitTime = Statement(
        "search.limit_time", "select set_config('statement_timeout', $1, true)", mode: .read)

    // $1: what is searched for, $2: rooms, $3: whether the index is to be asked for the rooms as well, $4: keys, $5: senders
    // or null, $6: senders that are left out, $7: how many.
    private static let wanted = """
        with wanted as materialized (
            -- Without a word nothing is found, rather than everything in the rooms.
            select case when not $3::boolean or numnode(q) = 0 then q else q && (
                select string_agg('''~' || r || '''', ' | ')::tsquery from unnest($2::bigint[]) as t(r)) end as words
            from websearch_to_tsquery('apus', $1) as q
        )
        """
    private static let condition = """
        s.words @@ w.words and s.room_nid = any ($2) and s.key = any ($4)
        and ($5::bigint[] is null or s.sender_nid = any ($5)) and not s.sender_nid = any ($6)
        """

    /// What matches best first; of very much only some is weighed. After a rank and an event, when given.
    static let byRank = Statement(
        "search.by_rank",
        """
        \(wanted), found as (
            select s.room_nid, s.event_nid, ts_rank(s.words, websearch_to_tsquery('apus', $1))::float8 as rank
            from search_entries s, wanted w where \(condition) limit $10
        )
        select room_nid, event_nid, rank from found
        where $8::float8 is null or (rank, event_nid) < ($8::float8, $9::bigint)
        order by rank desc, event_nid desc limit $7
        """, mode: .read)
    /// The newest first. After a time and an event, when given.
    static let newest = Statement(
        "search.newest",
        """
        \(wanted)
        select s.room_nid, s.event_nid, ts_rank(s.words, websearch_to_tsquery('apus', $1))::float8, s.origin_ms
        from search_entries s, wanted w where \(condition)
            and ($8::bigint is null or (s.origin_ms, s.event_nid) < ($8::bigint, $9::bigint))
        order by s.origin_ms desc, s.event_nid desc limit $7
        """, mode: .read)
    /// Texts with marks around what was found.
    static let headlines = Statement(
        "search.headlines",
        """
        select ts_headline('apus', t, websearch_to_tsquery('apus', $1),
            'StartSel=' || chr(2) || ', StopSel=' || chr(3) || ', HighlightAll=true') from unnest($2::text[]) as i(t)
        """, mode: .read)
}
