import Postgres

/// The SQL that gives numbers to names and names to numbers.
enum NameStatements {
    static let all = [internUsers, usersByID, usersByNID, internStateKeys, stateKeys, stateKeysByNID, internServer]

    static let internUsers = Statement(
        "names.intern_users", "select user_id, user_nid, server_nid, shard from intern_users($1, $2, $3)")
    static let usersByID = Statement(
        "names.users_by_id", "select user_id, user_nid, server_nid, shard from users where user_id = any ($1)",
        mode: .read)
    static let usersByNID = Statement(
        "names.users_by_nid", "select user_id, user_nid, server_nid, shard from users where user_nid = any ($1)",
        mode: .read)
    static let internStateKeys = Statement(
        "names.intern_state_keys", "select event_type, state_key, state_key_nid from intern_state_keys($1, $2)")
    static let stateKeys = Statement(
        "names.state_keys",
        """
        select s.event_type, s.state_key, s.state_key_nid
        from unnest($1::text[], $2::text[]) as i(t, k) join state_keys s on s.event_type = i.t and s.state_key = i.k
        """, mode: .read)
    static let stateKeysByNID = Statement(
        "names.state_keys_by_nid",
        "select event_type, state_key, state_key_nid from state_keys where state_key_nid = any ($1)", mode: .read)
    static let internServer = Statement("names.intern_server", "select intern_server($1)")
}
