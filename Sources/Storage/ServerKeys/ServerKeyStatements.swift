import Postgres

/// The SQL of other servers' keys.
enum ServerKeyStatements {
    static let all = [ofServer, keep, dropSurplus, documents]

    static let ofServer = Statement(
        "server_keys.of_server",
        """
        select key_id, public_key, valid_until_ms, fetched_ms from server_keys where server_name = $1
        order by valid_until_ms desc, key_id limit $2
        """, mode: .read)
    /// What was fetched later stands, whoever writes last. Sorted, so that two workers never wait for each other.
    static let keep = Statement(
        "server_keys.keep",
        """
        with kept as (
            insert into server_keys (server_name, key_id, public_key, valid_until_ms, fetched_ms)
            select $1, k, p, v, $5 from unnest($2::text[], $3::bytea[], $4::bigint[]) as i(k, p, v) order by k
            on conflict (server_name, key_id) do update set
                public_key = excluded.public_key, valid_until_ms = excluded.valid_until_ms,
                fetched_ms = excluded.fetched_ms
            where server_keys.fetched_ms <= excluded.fetched_ms
        )
        insert into server_key_documents (server_name, document, valid_until_ms, fetched_ms) values ($1, $6, $7, $5)
        on conflict (server_name) do update set
            document = excluded.document, valid_until_ms = excluded.valid_until_ms, fetched_ms = excluded.fetched_ms
        where server_key_documents.fetched_ms <= excluded.fetched_ms
        """)
    static let dropSurplus = Statement(
        "server_keys.drop_surplus",
        """
        delete from server_keys where server_name = $1 and key_id in (
            select key_id from server_keys where server_name = $1 order by valid_until_ms desc, key_id offset $2)
        """)
    static let documents = Statement(
        "server_keys.documents",
        """
        select server_name, document, valid_until_ms, fetched_ms from server_key_documents where server_name = any ($1)
        """, mode: .read)
}
