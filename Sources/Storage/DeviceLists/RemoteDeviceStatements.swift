import Postgres

/// The SQL of what other servers tell of their users' devices.
enum RemoteDeviceStatements {
    static let all = [lists, request, apply, applySigning, keep, due, wanted, postpone, forget, sweep]

    /// The lists of some users that are good, a row for each device, and one for a list without any.
    static let lists = Statement(
        "remote_devices.lists",
        """
        select l.user_nid, l.master_key, l.self_signing_key, d.device_id, d.display_name, d.keys
        from remote_device_lists l left join remote_devices d on d.user_nid = l.user_nid
        where l.user_nid = any ($1) and not exists (select 1 from device_resyncs r where r.user_nid = l.user_nid)
            and exists (
                select 1 from memberships m join memberships o on o.room_nid = m.room_nid
                where m.user_nid = l.user_nid and m.membership = 1 and m.joined_position <= l.known_at[m.shard + 1]
                    and o.server_nid = $2 and o.membership = 1 and o.joined_position <= l.known_at[m.shard + 1])
        """, mode: .read)
    static let request = Statement("remote_devices.request", "select request_device_resyncs($1, $2, $3)")
    static let apply = Statement(
        "remote_devices.apply",
        """
        select outcome, new_position, previous from apply_remote_devices($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """)
    static let applySigning = Statement(
        "remote_devices.apply_signing",
        "select outcome, new_position, previous from apply_remote_signing_keys($1, $2, $3, $4, $5, $6)")
    static let keep = Statement(
        "remote_devices.keep",
        """
        select outcome, new_position, previous
        from keep_remote_devices($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """)
    static let due = Statement(
        "remote_devices.due",
        """
        select s.shard, u.user_id, u.user_nid, due.request, due.attempts from unnest($1::smallint[]) as s(shard)
        cross join lateral (
            select r.user_nid, r.request, r.attempts, r.next_attempt_ms from device_resyncs r
            where r.shard = s.shard and r.next_attempt_ms <= $2
            order by r.next_attempt_ms limit \(RemoteDeviceStore.maxDue)
        ) due
        join users u on u.user_nid = due.user_nid
        order by s.shard, due.next_attempt_ms
        """, mode: .read)
    static let wanted = Statement(
        "remote_devices.wanted",
        """
        select r.shard, u.user_id, u.user_nid, r.request, r.attempts from device_resyncs r
        join users u on u.user_nid = r.user_nid where r.user_nid = any ($1)
        """, mode: .read)
    static let postpone = Statement(
        "remote_devices.postpone",
        "update device_resyncs set attempts = $2, next_attempt_ms = $3 where user_nid = $1")
    static let forget = Statement("remote_devices.forget", "select forget_remote_devices($1)")
    static let sweep = Statement("remote_devices.sweep", "select sweep_remote_devices($1, $2, $3)")
}
