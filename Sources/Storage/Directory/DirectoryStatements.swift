import Postgres

/// The SQL of room aliases, of the lists of published rooms, and of walks through spaces.
enum DirectoryStatements {
    static let all = [
        byAlias, ofRoom, add, remove, isPublished, publishedAmong, publish, unpublish, published, move, show, hide,
        keepPage, page,
    ]

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
    static let move = Statement("directory.move", "select move_room_names($1, $2)")

    // MARK: Lists

    static let isPublished = Statement(
        "directory.is_published", "select 1 from published_rooms where room_nid = $1", mode: .read)
    static let publishedAmong = Statement(
        "directory.published_among", "select room_nid from published_rooms where room_nid = any ($1)", mode: .read)
    static let publish = Statement(
        "directory.publish", "insert into published_rooms (room_nid) values ($1) on conflict do nothing")
    static let unpublish = Statement("directory.unpublish", "delete from published_rooms where room_nid = $1")
    static let published = Statement(
        "directory.published",
        """
        (select room_nid, null::text as network_id from published_rooms order by room_nid limit $1)
        union all
        (select room_nid, network_id from network_rooms order by network_id, room_nid limit $1)
        """, mode: .read)
    static let show = Statement(
        "directory.show",
        """
        insert into network_rooms (network_id, room_nid, service_id) values ($1, $2, $3) on conflict do nothing
        """)
    static let hide = Statement(
        "directory.hide", "delete from network_rooms where network_id = $1 and room_nid = $2 and service_id = $3")

    // MARK: Walks through spaces

    static let keepPage = Statement(
        "directory.keep_page", "select keep_hierarchy_page($1, $2, $3, $4, $5, $6, $7, $8, $9)")
    static let page = Statement(
        "directory.page",
        """
        select position from hierarchy_pages where token = $1 and user_nid = $2 and room_id = $3
        and suggested_only = $4 and max_depth is not distinct from $5 and expires_ms > $6
        """, mode: .read)
}
