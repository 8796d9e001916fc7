import Postgres

/// The SQL of messages to devices.
enum DeviceMessageStatements {
    static let all = [send, take, purgeKnown, sweepAbandoned]

    static let send = Statement(
        "device_messages.send",
        """
        select shard, user_nid, new_position, previous
        from send_device_messages($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        """)
    static let take = Statement(
        "device_messages.take",
        "select new_position, place, body from take_device_messages($1, $2, $3, $4, $5, $6, $7, $8)")
    static let purgeKnown = Statement(
        "device_messages.purge_known",
        """
        delete from known_device_messages where digest in (
            select k.digest from known_device_messages k where k.expires_ms < $1 order by k.expires_ms limit $2
            for update skip locked)
        """)
    static let sweepAbandoned = Statement("device_messages.sweep_abandoned", "select sweep_abandoned_inboxes($1)")
}
