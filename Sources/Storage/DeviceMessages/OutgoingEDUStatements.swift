import Postgres

/// The SQL of EDUs that other servers have to get.
enum OutgoingEDUStatements {
    static let all = [ofRows, servers, missed, delivered, expired, excess]

    static let ofRows = Statement(
        "outgoing_edus.of_rows",
        """
        select o.shard, o.position, o.server_name, o.edu_nid, o.body
        from unnest($1::smallint[], $2::bigint[]) as r(shard, position)
        join outgoing_edus o on o.shard = r.shard and o.position = r.position
        order by o.edu_nid
        """, mode: .read)
    /// Up to a vector, of which Postgres counts the shards from 1.
    static let servers = Statement(
        "outgoing_edus.servers",
        "select distinct o.server_name from outgoing_edus o where o.position <= ($1::bigint[])[o.shard + 1]",
        mode: .read)
    static let missed = Statement(
        "outgoing_edus.missed",
        """
        select o.edu_nid, o.body from outgoing_edus o
        where o.server_name = $1 and o.edu_nid > $2 and o.position <= ($3::bigint[])[o.shard + 1]
        order by o.edu_nid limit $4
        """, mode: .read)
    static let delivered = Statement(
        "outgoing_edus.delivered", "delete from outgoing_edus where server_name = $1 and edu_nid = any ($2)")
    /// Within a shard the oldest come first: when those are not too old, no others are.
    static let expired = Statement(
        "outgoing_edus.expired",
        """
        delete from outgoing_edus where (server_name, edu_nid) in (
            select o.server_name, o.edu_nid from (
                select server_name, edu_nid, created_ms from outgoing_edus where shard = $1 order by position limit $3
            ) o where o.created_ms < $2)
        """)
    /// Of servers that are behind, which alone can have many waiting, the oldest of what is more than there may be.
    static let excess = Statement(
        "outgoing_edus.excess",
        """
        delete from outgoing_edus where (server_name, edu_nid) in (
            select o.server_name, o.edu_nid from destinations d
            cross join lateral (
                select e.edu_nid from outgoing_edus e where e.server_name = d.server_name
                order by e.edu_nid desc offset $1 limit 1
            ) last
            join outgoing_edus o on o.server_name = d.server_name and o.edu_nid <= last.edu_nid
            limit $2)
        """)
}
