import Postgres

/// The SQL of devices and their tokens.
enum DeviceStatements {
    static let all = [ofUser, one, rename, create, open, close, refresh, confirm, token, see]

    static let ofUser = Statement(
        "devices.of_user",
        """
        select device_id, display_name, last_seen_ms, last_seen_ip from devices where user_nid = $1 order by device_id
        """, mode: .read)
    static let one = Statement(
        "devices.one",
        """
        select device_id, display_name, last_seen_ms, last_seen_ip from devices where user_nid = $1 and device_id = $2
        """, mode: .read)
    static let rename = Statement(
        "devices.rename", "select is_known, new_position, previous from rename_device($1, $2, $3, $4, $5)")
    static let create = Statement(
        "devices.create", "select outcome, new_position, previous from create_device($1, $2, $3, $4, $5, $6)")
    static let open = Statement(
        "devices.open",
        "select outcome, new_position, previous from open_device($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
    static let close = Statement(
        "devices.close",
        """
        select closed, new_position, previous, list_position, list_previous from close_devices($1, $2, $3, $4, $5)
        """)
    static let refresh = Statement(
        "devices.refresh",
        "select outcome, shard, user_nid, new_position, previous from refresh_device($1, $2, $3, $4, $5)")
    static let confirm = Statement(
        "devices.confirm", "select shard, user_nid, new_position, previous from confirm_refresh($1, $2)")
    static let token = Statement(
        "devices.token",
        """
        select t.token_nid, t.user_nid, u.user_id, t.device_id, t.expires_ms, case when t.pending then t.refresh_hash end,
               a.guest, a.admin, a.locked_ms is not null, a.suspended_ms is not null
        from access_tokens t join accounts a on a.user_nid = t.user_nid join users u on u.user_nid = t.user_nid
        where t.token_hash = $1 and a.deactivated_ms is null
        """, mode: .read)
    /// Only what is older than a while is written anew, and nobody waits for a device that is being changed.
    static let see = Statement(
        "devices.see",
        """
        update devices d set last_seen_ms = s.seen, last_seen_ip = s.address
        from (
            select e.user_nid, e.device_id, i.seen, i.address
            from unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[]) as i(u, device, seen, address)
            join devices e on e.user_nid = i.u and e.device_id = i.device
            where e.last_seen_ms is null or e.last_seen_ms < i.seen - $5::bigint
                or (e.last_seen_ip is distinct from i.address and e.last_seen_ms < i.seen)
            for update of e skip locked
        ) s
        where d.user_nid = s.user_nid and d.device_id = s.device_id
        """)
}
