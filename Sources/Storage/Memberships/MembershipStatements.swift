import Postgres

/// The SQL of memberships: who is where, and since which position.
enum MembershipStatements {
    static let all = [
        ofUser, inRoom, ofUserInRoom, joinedMembers, joinedServers, forget, localJoined, outOfBand, sharedRooms, counts,
        joinedRoomsOfServer, isServerJoined, ofServer, hasServerBeenIn, manyCounts, heroes, strippedStates,
        staysOfUsers, joinedRoomsPage, standing, ofUserInRooms, endOutOfBand,
    ]

    private static let columns = """
        m.room_nid, m.user_nid, m.membership, m.event_nid, m.shard, m.position, m.forgotten, m.joined_position,
        m.left_position
        """

    static let ofUser = Statement(
        "memberships.of_user", "select \(columns) from memberships m where m.user_nid = $1", mode: .read)
    static let ofUserInRoom = Statement(
        "memberships.of_user_in_room",
        "select \(columns), m.stripped_state from memberships m where m.room_nid = $1 and m.user_nid = $2", mode: .read)
    static let strippedStates = Statement(
        "memberships.stripped_states",
        """
        select m.room_nid, m.stripped_state from memberships m
        where m.user_nid = $1 and m.room_nid = any ($2) and m.stripped_state is not null
        """, mode: .read)
    static let inRoom = Statement(
        "memberships.in_room",
        "select \(columns) from memberships m where m.room_nid = $1 and m.membership = any ($2)", mode: .read)
    static let joinedMembers = Statement(
        "memberships.joined_members",
        "select user_nid from memberships where room_nid = $1 and membership = 1", mode: .read)
    static let joinedServers = Statement(
        "memberships.joined_servers",
        """
        select s.server_name from servers s
        where s.server_nid in (select distinct m.server_nid from memberships m where m.room_nid = $1 and m.membership = 1)
        """, mode: .read)
    static let isServerJoined = Statement(
        "memberships.is_server_joined",
        """
        select exists (select 1 from memberships m join servers s on s.server_nid = m.server_nid
        where m.room_nid = $1 and m.membership = 1 and s.server_name = $2)
        """, mode: .read)
    static let hasServerBeenIn = Statement(
        "memberships.has_server_been_in",
        """
        select exists (select 1 from memberships m join servers s on s.server_nid = m.server_nid
        where m.room_nid = $1 and m.membership in (1, 4, 5) and s.server_name = $2)
        """, mode: .read)
    static let ofUserInRooms = Statement(
        "memberships.of_user_in_rooms",
        "select room_nid, membership from memberships where user_nid = $1 and room_nid = any ($2)", mode: .read)
    /// Where the members of a server are joined or invited, of some rooms.
    static let standing = Statement(
        "memberships.standing",
        """
        select m.room_nid, min(m.membership) from memberships m join servers s on s.server_nid = m.server_nid
        where s.server_name = $1 and m.room_nid = any ($2) and m.membership in (1, 2) group by m.room_nid
        """, mode: .read)
    static let localJoined = Statement(
        "memberships.local_joined",
        "select user_nid from memberships where room_nid = $1 and server_nid = $2 and membership = 1", mode: .read)
    static let ofServer = Statement(
        "memberships.of_server",
        """
        select user_nid from memberships where room_nid = $1 and server_nid = $2
        order by membership, position, user_nid limit $3
        """, mode: .read)
    static let joinedRoomsOfServer = Statement(
        "memberships.joined_rooms_of_server",
        """
        select distinct m.room_nid from memberships m join servers s on s.server_nid = m.server_nid
        where s.server_name = $1 and m.membership = 1
        """, mode: .read)
    static let joinedRoomsPage = Statement(
        "memberships.joined_rooms_page",
        """
        select room_nid from memberships where user_nid = $1 and room_nid > $2 and membership = 1
        order by room_nid limit $3
        """, mode: .read)
    static let staysOfUsers = Statement(
        "memberships.stays_of_users",
        """
        select user_nid, room_nid, case when membership = 1 then joined_position end, left_position from memberships
        where user_nid = any ($1) and (membership = 1 or left_position > 0)
        """, mode: .read)
    static let counts = Statement(
        "memberships.counts",
        """
        select count(*) filter (where membership = 1), count(*) filter (where membership = 2)
        from memberships where room_nid = $1
        """, mode: .read)
    static let manyCounts = Statement(
        "memberships.many_counts",
        """
        select room_nid, count(*) filter (where membership = 1), count(*) filter (where membership = 2)
        from memberships where room_nid = any ($1) and membership in (1, 2) group by room_nid
        """, mode: .read)
    /// The first members of rooms: those who are joined or invited before those who were.
    static let heroes = Statement(
        "memberships.heroes",
        """
        select i.room, h.user_nid, h.is_member from unnest($1::bigint[]) as i(room)
        cross join lateral (
            select m.user_nid, m.membership in (1, 2) as is_member, m.position, m.event_nid from memberships m
            where m.room_nid = i.room and m.membership <> 3
            order by m.membership in (1, 2) desc, m.position, m.event_nid limit $2
        ) h order by i.room, h.is_member desc, h.position, h.event_nid
        """, mode: .read)
    static let sharedRooms = Statement(
        "memberships.shared_rooms",
        """
        select a.room_nid from memberships a join memberships b on b.room_nid = a.room_nid
        where a.user_nid = $1 and b.user_nid = $2 and a.membership = 1 and b.membership = 1
        """, mode: .read)
    static let forget = Statement(
        "memberships.forget", "select new_position, previous from forget_room($1, $2, $3, $4)")
    static let outOfBand = Statement(
        "memberships.out_of_band",
        "select new_position, previous from set_membership_out_of_band($1, $2, $3, $4, $5, $6, $7, $8)")
    static let endOutOfBand = Statement(
        "memberships.end_out_of_band",
        "select new_position, previous from end_membership_out_of_band($1, $2, $3, $4, $5, $6, $7)")
}
