import Postgres

/// The SQL of the tokens that prove to others who somebody is.
enum OpenIDStatements {
    static let all = [issue, owner]

    static let issue = Statement("open_id.issue", "select issue_open_id_token($1, $2, $3, $4)")
    static let owner = Statement(
        "open_id.owner",
        """
        select u.user_id from open_id_tokens t join accounts a on a.user_nid = t.user_nid
            join users u on u.user_nid = t.user_nid
        where t.token_hash = $1 and t.expires_ms > $2 and a.deactivated_ms is null
        """, mode: .read)
}
