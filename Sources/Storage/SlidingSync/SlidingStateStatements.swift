import Postgres

/// The SQL of what connections of sliding sync have been told.
enum SlidingStateStatements {
    static let all = [one, keep]

    static let one = Statement(
        "sliding_states.one",
        """
        select state, written_ms from sliding_states
        where user_nid = $1 and device_id = $2 and conn_id = $3 and number = $4
        """, mode: .read)
    static let keep = Statement(
        "sliding_states.keep", "select keep_sliding_state($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
}
