import Postgres

/// The SQL of the user directory.
enum UserDirectoryStatements {
    static let all = [profiles, write, open, close, members, search]

    /// Users with what they are called: of local users their profile, of others the member event of one of their rooms, of
    /// those that anybody may know first. Without a room: they are in none.
    static let profiles = Statement(
        "user_directory.profiles",
        """
        select u.user_nid, u.user_id, m.room_nid, e.body, n.value, p.value
        from unnest($1::bigint[]) as i(nid) join users u on u.user_nid = i.nid
        left join profiles n on n.user_nid = u.user_nid and n.field = 'displayname'
        left join profiles p on p.user_nid = u.user_nid and p.field = 'avatar_url'
        left join lateral (
            select s.room_nid, s.event_nid from memberships s
            left join open_rooms o on o.room_nid = s.room_nid
            where s.user_nid = u.user_nid and s.membership = 1
            order by o.room_nid is null, s.room_nid limit 1
        ) m on true
        left join events e on e.room_nid = m.room_nid and e.event_nid = m.event_nid
        """, mode: .read)
    static let write = Statement(
        "user_directory.write", "select set_directory_users($1, $2, $3, $4, $5, $6, $7, $8)")
    static let open = Statement(
        "user_directory.open",
        "insert into open_rooms (room_nid) select unnest($1::bigint[]) on conflict do nothing returning room_nid")
    static let close = Statement(
        "user_directory.close", "delete from open_rooms where room_nid = any ($1) returning room_nid")
    /// Members of a room, in the order of their numbers.
    static let members = Statement(
        "user_directory.members",
        """
        select user_nid from memberships where room_nid = $1 and membership = 1 and user_nid > $2
        order by user_nid limit $3
        """, mode: .read)

    /// Whom somebody finds. Each word begins a word of theirs; best first are those who are called just that, then those of the
    /// searcher's own rooms. $2: words, $3: the term in lower case, $4: ids that are left out, $5: how a user id begins, $6:
    /// how many are looked at, $7: rooms of one that are looked at.
    static let search = Statement(
        "user_directory.search",
        """
        with wanted as (
            select string_agg(quote_literal(w) || ':*', ' & ')::tsquery as words from unnest($2::text[]) as t(w)
        ), mine as materialized (
            select room_nid from memberships where user_nid = $1 and membership = 1
        ), candidates as materialized (
            select d.user_nid, d.user_id, d.display_name, d.avatar_url, d.name_room_nid, d.id_terms @@ w.words as by_id,
                (lower(d.display_name) = $3 or d.user_id = $3 or split_part(d.user_id, ':', 1) = '@' || $3) is true as exact,
                starts_with(lower(d.display_name), $3) is true as begins
            from wanted w cross join lateral (
                select * from directory_users u
                where u.terms @@ w.words and u.user_nid <> $1 and not u.user_id = any ($4)
                    and starts_with(u.user_id, $5) limit 20000
            ) d
            order by exact desc, begins desc, d.display_name is null, d.user_nid limit $6
        )
        select c.user_id,
            case when c.name_room_nid is null or s.knows then c.display_name end,
            case when c.name_room_nid is null or s.knows then c.avatar_url end
        from candidates c cross join lateral (
            select count(*) filter (where r.mine) as mutual, bool_or(r.mine or r.open) as sees,
                bool_or(r.room_nid = c.name_room_nid and (r.mine or r.open)) as knows
            from (
                select m.room_nid, m.room_nid in (select room_nid from mine) as mine,
                    exists (select 1 from open_rooms o where o.room_nid = m.room_nid) as open
                from memberships m where m.user_nid = c.user_nid and m.membership = 1 limit $7
            ) r
        ) s
        where s.sees and (c.by_id or c.name_room_nid is null or s.knows)
            and not exists (select 1 from accounts a where a.user_nid = c.user_nid
                            and (a.deactivated_ms is not null or a.locked_ms is not null))
        order by c.exact desc, s.mutual > 0 desc, c.begins desc, s.mutual desc, c.display_name is null, c.user_nid
        limit $8
        """, mode: .read)
}
