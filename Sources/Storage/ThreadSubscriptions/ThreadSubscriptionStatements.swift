import Postgres

/// The SQL of subscriptions to threads.
enum ThreadSubscriptionStatements {
    static let all = [one, changes, subscribe, unsubscribe]

    static let one = Statement(
        "thread_subscriptions.one",
        "select automatic from thread_subscriptions where user_nid = $1 and room_nid = $2 and root_id = $3", mode: .read
    )
    static let changes = Statement(
        "thread_subscriptions.changes",
        """
        select t.room_nid, t.root_id, t.automatic, t.position from thread_subscriptions t
        where t.user_nid = $1 and t.position > $2 and t.position <= $3 order by t.position desc limit $4
        """, mode: .read)
    static let subscribe = Statement(
        "thread_subscriptions.subscribe",
        "select outcome, new_position, previous from subscribe_to_thread($1, $2, $3, $4, $5, $6, $7, $8, $9)")
    static let unsubscribe = Statement(
        "thread_subscriptions.unsubscribe",
        "select new_position, previous from unsubscribe_from_thread($1, $2, $3, $4, $5, $6, $7)")
}
