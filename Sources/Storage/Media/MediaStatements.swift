import Postgres

/// The SQL of the content repository.
enum MediaStatements {
    static let all = [insert, create, complete, find, deleteUnused]

    static let insert = Statement(
        "media.insert",
        """
        insert into media (media_id, uploader_nid, content_type, file_name, size_bytes, digest, requires_token, created_ms)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """)
    static let create = Statement("media.create", "select create_media($1, $2, $3, $4, $5, $6)")
    /// Who is first gives the content; the row says so, whatever was found before.
    static let complete = Statement(
        "media.complete",
        """
        update media set content_type = $3, file_name = $4, size_bytes = $5, digest = $6, unused_expires_ms = null
        where media_id = $1 and uploader_nid = $2 and digest is null
        """)
    static let find = Statement(
        "media.find",
        """
        select media_id, uploader_nid, content_type, file_name, size_bytes, digest, unused_expires_ms, quarantined,
               requires_token
        from media where media_id = $1
        """, mode: .read)
    static let deleteUnused = Statement(
        "media.delete_unused",
        """
        delete from media where media_id in (
            select media_id from media where digest is null and unused_expires_ms < $1
            order by unused_expires_ms limit $2 for update skip locked)
            and digest is null
        """)
}
