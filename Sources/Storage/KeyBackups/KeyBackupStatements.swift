import Postgres

/// The SQL of backups of room keys.
enum KeyBackupStatements {
    static let all = [
        create, newest, one, update, delete, put, key, page, roomPage, deleteKeys, purge,
    ]

    private static let columns = "b.version, b.algorithm, b.auth_data, b.generation, b.key_count, b.revision"
    private static let keyColumns =
        "k.room_id, k.session_id, k.is_verified, k.first_message_index, k.forwarded_count, k.session_data"

    static let create = Statement(
        "key_backups.create", "select outcome, new_version from create_key_backup($1, $2, $3, $4, $5, $6)")
    static let newest = Statement(
        "key_backups.newest",
        """
        select \(columns) from key_backups b where b.user_nid = $1 and b.deleted_ms is null
        order by b.version desc limit 1
        """, mode: .read)
    static let one = Statement(
        "key_backups.one",
        "select \(columns) from key_backups b where b.user_nid = $1 and b.version = $2 and b.deleted_ms is null",
        mode: .read)
    /// A row when there is such a backup; it says whether its algorithm is the one that was named.
    static let update = Statement(
        "key_backups.update",
        """
        with target as (
            select b.algorithm from key_backups b where b.user_nid = $1 and b.version = $2 and b.deleted_ms is null
        ), updated as (
            update key_backups b set auth_data = $4
            where b.user_nid = $1 and b.version = $2 and b.deleted_ms is null and b.algorithm = $3
        )
        select t.algorithm = $3 from target t
        """)
    static let delete = Statement("key_backups.delete", "select delete_key_backup($1, $2, $3)")
    static let put = Statement(
        "key_backups.put",
        """
        select outcome, current_version, new_count, new_revision
        from put_backed_up_keys($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """)
    static let key = Statement(
        "key_backups.key",
        """
        select \(keyColumns) from key_backups b join backed_up_keys k
            on k.user_nid = b.user_nid and k.generation = b.generation and k.room_id = $3 and k.session_id = $4
        where b.user_nid = $1 and b.version = $2 and b.deleted_ms is null
        """, mode: .read)
    static let page = Statement(
        "key_backups.page",
        """
        select \(keyColumns) from backed_up_keys k
        where k.user_nid = $1 and k.generation = $2 and (k.room_id, k.session_id) > ($3, $4)
        order by k.room_id, k.session_id limit $5
        """, mode: .read)
    static let roomPage = Statement(
        "key_backups.room_page",
        """
        select \(keyColumns) from backed_up_keys k
        where k.user_nid = $1 and k.generation = $2 and k.room_id = $3 and k.session_id > $4
        order by k.session_id limit $5
        """, mode: .read)
    static let deleteKeys = Statement(
        "key_backups.delete_keys", "select new_count, new_revision from delete_backed_up_keys($1, $2, $3, $4)")
    static let purge = Statement("key_backups.purge", "select purge_backup_keys($1)")
}
