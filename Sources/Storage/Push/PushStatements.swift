import Postgres

/// The SQL of push rules, pushers and notifications that wait to be sent again.
enum PushStatements {
    static let all = [
        rules, setRules, setPusher, deletePusher, pushersOfUser, pusher, pushersOfUsers, recipients, keep, settle,
        backlog,
    ]

    static let rules = Statement(
        "push.rules", "select user_nid, rules, revision from push_rules where user_nid = any ($1)", mode: .read)
    static let setRules = Statement(
        "push.set_rules", "select outcome, new_position, previous from set_push_rules($1, $2, $3, $4, $5)")

    private static let columns = """
        p.user_nid, p.app_id, p.pushkey, p.kind, p.app_display_name, p.device_display_name, p.profile_tag, p.language,
        p.data, p.updated_ms
        """

    static let setPusher = Statement(
        "push.set_pusher", "select set_pusher($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)")
    static let deletePusher = Statement(
        "push.delete_pusher", "delete from pushers where user_nid = $1 and app_id = $2 and pushkey = $3")
    static let pushersOfUser = Statement(
        "push.pushers_of_user",
        "select \(columns) from pushers p where p.user_nid = $1 order by p.app_id, p.pushkey", mode: .read)
    static let pusher = Statement(
        "push.pusher",
        "select \(columns) from pushers p where p.user_nid = $1 and p.app_id = $2 and p.pushkey = $3", mode: .read)
    static let pushersOfUsers = Statement(
        "push.pushers_of_users",
        "select user_nid, app_id, pushkey from pushers where user_nid = any ($1)", mode: .read)
    /// The pushers of those whom some events notify. Who is in the room now is asked, by what the state before an
    /// event says it is judged later.
    static let recipients = Statement(
        "push.recipients",
        """
        select e.room_nid, e.event_nid, p.user_nid, p.app_id, p.pushkey
        from unnest($1::bigint[], $2::bigint[]) as t(room_nid, event_nid)
        join events e on e.room_nid = t.room_nid and e.event_nid = t.event_nid
        join memberships m on m.room_nid = e.room_nid
        join pushers p on p.user_nid = m.user_nid
        left join notification_exceptions x on x.room_nid = e.room_nid and x.user_nid = m.user_nid
            and x.position = e.position and x.event_nid = e.event_nid
        where (m.membership = 1 or m.membership = 2 and m.event_nid = e.event_nid)
            and e.flags & 7 = 0 and e.sender_nid <> m.user_nid
            and coalesce(x.actions & 1 <> 0, e.flags & 8 <> 0)
        """, mode: .read)
    static let keep = Statement(
        "push.keep",
        """
        insert into push_backlog (user_nid, app_id, pushkey, room_nid, event_nid, shard, created_ms)
        select u, a, k, r, e, $6, $7
        from unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[]) as i(u, a, k, r, e)
        where exists (select 1 from pushers p where p.user_nid = i.u and p.app_id = i.a and p.pushkey = i.k)
        on conflict do nothing
        """)
    static let settle = Statement(
        "push.settle",
        """
        delete from push_backlog
        where user_nid = $1 and app_id = $2 and pushkey = $3 and room_nid = $4 and event_nid = $5
        """)
    static let backlog = Statement(
        "push.backlog",
        """
        select user_nid, app_id, pushkey, room_nid, event_nid, created_ms from push_backlog
        where shard = $1 order by created_ms desc limit $2
        """, mode: .read)
}
