import Postgres

/// The SQL of accounts.
enum AccountStatements {
    static let all = [byUser, create, upgradeGuest, setPassword, renewPassword, deactivate, moderate, useNonce]

    static let byUser = Statement(
        "accounts.by_user",
        """
        select password_hash, admin, guest, created_ms, deactivated_ms is not null, locked_ms is not null,
               suspended_ms is not null, erased
        from accounts where user_nid = $1
        """, mode: .read)
    static let create = Statement(
        "accounts.create", "select create_account($1, $2, $3, $4, $5, $6, $7, $8, $9)")
    static let upgradeGuest = Statement(
        "accounts.upgrade_guest",
        "select outcome, new_position, previous from upgrade_guest($1, $2, $3, $4, $5, $6, $7)")
    static let setPassword = Statement(
        "accounts.set_password",
        """
        select changed, closed, new_position, previous, list_position, list_previous
        from set_password($1, $2, $3, $4, $5, $6)
        """)
    static let renewPassword = Statement(
        "accounts.renew_password",
        "update accounts set password_hash = $3 where user_nid = $1 and password_hash = $2")
    static let deactivate = Statement(
        "accounts.deactivate",
        """
        select changed, closed, new_position, previous, list_position, list_previous
        from deactivate_account($1, $2, $3, $4)
        """)
    static let moderate = Statement(
        "accounts.moderate", "select changed, new_position, previous from moderate_account($1, $2, $3, $4, $5, $6)")
    static let useNonce = Statement("accounts.use_nonce", "select use_nonce($1, $2, $3)")
}
