import Postgres

/// The SQL of what other servers have to be told of this server's users' devices.
enum OwnDeviceStatements {
    static let all = [newest, changes, present, changedFor]

    static let newest = Statement(
        "own_devices.newest",
        "select max(position) from device_changes where user_nid = $1 and devices <> '{}'", mode: .read)
    /// What is remembered of the changes of some users.
    static let changes = Statement(
        "own_devices.changes",
        """
        select c.user_nid, c.position, c.devices from device_changes c where c.user_nid = any ($1)
        order by c.user_nid, c.position
        """, mode: .read)
    static let present = Statement(
        "own_devices.present",
        """
        select d.user_nid, d.device_id, d.display_name from unnest($1::bigint[], $2::text[]) as i(u, device)
        join devices d on d.user_nid = i.u and d.device_id = i.device
        """, mode: .read)
    /// Users of this server (`$2`) whose devices changed after a vector and who share a room with a server (`$1`).
    static let changedFor = Statement(
        "own_devices.changed_for",
        """
        select u.user_id, u.user_nid, u.shard from unnest($3::bigint[]) with ordinality as s(position, number)
        join device_lists d on d.shard = s.number - 1 and d.position > s.position
        join users u on u.user_nid = d.user_nid and u.server_nid = $2
        where u.user_nid > $4 and exists (
            select 1 from memberships m join memberships o on o.room_nid = m.room_nid
            where m.user_nid = u.user_nid and m.membership = 1 and o.server_nid = $1 and o.membership = 1)
        order by u.user_nid limit $5
        """, mode: .read)
}
