import Postgres

/// The SQL of what other servers have to be told of this server's users' devices.
enum OwnDeviceStatements {
    static let all = [newest, changes, present, changedFor, met]

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
    /// Users of this server (`$4`) and other servers that have come to share a room by what came into it (`$2`) at a position
    /// (`$3`): of ours with all servers of the room (`$5`), and of others that brought their server there (`$6`) with ours, of
    /// whom there may be many (`$7`). Of users without keys there is nothing to tell.
    static let met = Statement(
        "own_devices.met",
        """
        with came as (
            select m.user_nid, m.server_nid from memberships m
            where m.room_nid = $1 and m.user_nid = any ($2) and m.membership = 1 and m.joined_position = $3
        ), pairs as (
            select c.user_nid, s.nid as server_nid from came c cross join unnest($5::bigint[]) as s(nid)
            where c.server_nid = $4
            union
            select o.user_nid, s.server_nid from (
                select distinct c.server_nid from came c where c.server_nid = any ($6)
            ) s
            cross join lateral (
                select m.user_nid from memberships m
                where m.room_nid = $1 and m.server_nid = $4 and m.membership = 1 limit $7
            ) o
        )
        select u.user_id, u.user_nid, u.shard, p.server_nid from pairs p join users u on u.user_nid = p.user_nid
        where exists (select 1 from device_keys k where k.user_nid = p.user_nid) and (
            -- Along the user's rooms: in no other way, however many rooms the server is in.
            select count(*) from memberships a cross join lateral (
                select 1 from memberships b
                where b.room_nid = a.room_nid and b.server_nid = p.server_nid and b.membership = 1 limit 1
            ) shared
            where a.user_nid = p.user_nid and a.membership = 1 and a.room_nid <> $1) = 0
        """, mode: .read)
}
