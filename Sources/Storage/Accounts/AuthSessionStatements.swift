import Postgres

/// The SQL of user-interactive authentication and of registration tokens.
enum AuthSessionStatements {
    static let all = [begin, one, show, complete, spend, tokenIsUsable, createToken, deleteToken]

    static let begin = Statement(
        "auth_sessions.begin", "select begin_auth_session($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
    static let one = Statement(
        "auth_sessions.one",
        """
        select operation, user_nid, device_id, flows, policies, completed, parameters, password_hash, spent_ms, account_nid,
               account_device
        from auth_sessions where session_hash = $1 and created_ms >= $2
        """, mode: .read)
    static let show = Statement(
        "auth_sessions.show",
        """
        update auth_sessions set policies = $2
        where session_hash = $1 and spent_ms is null and not 'm.login.terms' = any (completed)
        """)
    static let complete = Statement(
        "auth_sessions.complete", "select accepted, completed from complete_auth_stage($1, $2, $3, $4, $5)")
    static let spend = Statement(
        "auth_sessions.spend",
        "delete from auth_sessions where session_hash = $1 and spent_ms is null and created_ms >= $2")
    static let tokenIsUsable = Statement(
        "registration_tokens.usable",
        """
        select exists (
            select 1 from registration_tokens t where t.token = $1 and (t.expires_ms is null or t.expires_ms > $2)
                and (t.uses_allowed is null or t.uses_allowed > t.uses + (
                    select count(*) from auth_sessions s
                    where s.registration_token = t.token and s.spent_ms is null and s.created_ms >= $3)))
        """, mode: .read)
    static let createToken = Statement(
        "registration_tokens.create",
        """
        insert into registration_tokens (token, uses_allowed, expires_ms) values ($1, $2, $3) on conflict do nothing
        """)
    static let deleteToken = Statement("registration_tokens.delete", "delete from registration_tokens where token = $1")
}
