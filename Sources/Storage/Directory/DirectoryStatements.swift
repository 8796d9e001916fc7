import Postgres

/// The SQL of room aliases and of the list of published rooms.
enum DirectoryStatements {
    static let all = [byAlias, ofRoom, add, remove, isPublished, publish, unpublish, published]

    static let byAlias = Statement(
        "directory.by_alias",
        """
        select r.room_nid, r.room_id, a.creator_nid from room_aliases a join rooms r on r.room_nid = a.room_nid
        where a.alias = $1
        """, mode: .read)
    static let ofRoom = Statement(
        "directory.of_room", "select alias from room_aliases where room_nid = $1 order by alias", mode: .read)
    static let add = Statement(
        "directory.add",
        """
        insert into room_aliases (alias, room_nid, creator_nid, created_ms) values ($1, $2, $3, $4)
        on conflict (alias) do nothing
        """)
    static let remove = Statement("directory.remove", "delete from room_aliases where alias = $1")
    static let isPublished = Statement(
        "directory.is_published", "select 1 from published_rooms where room_nid = $1", mode: .read)
    static let publish = Statement(
        "directory.publish", "insert into published_rooms (room_nid) values ($1) on conflict do nothing")
    static let unpublish = Statement("directory.unpublish", "delete from published_rooms where room_nid = $1")
    /// With the number of members, largest rooms first.
    static let published = Statement(
        "directory.published",
        """
        select p.room_nid, c.joined from published_rooms p
        join lateral (
            select count(*) as joined from memberships m where m.room_nid = p.room_nid and m.membership = 1
        ) c on true
        where c.joined > 0 order by c.joined desc, p.room_nid limit $1
        """, mode: .read)
}
