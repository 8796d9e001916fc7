import Postgres

/// The SQL of devices that are stored until somebody wakes them.
enum DehydratedDeviceStatements {
    static let all = [one, store, messages]

    static let one = Statement(
        "dehydrated.one", "select device_id, device_data from dehydrated_devices where user_nid = $1", mode: .read)
    static let store = Statement(
        "dehydrated.store",
        """
        select outcome, refused, kind, key_position, key_previous, closed, new_position, previous, list_position,
               list_previous
        from store_dehydrated_device(
            $1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9, $10, $11, $12, $13, $14, $15, $16, $17)
        """)
    /// Deletes nothing: whoever breaks off begins anew.
    static let messages = Statement(
        "dehydrated.messages",
        """
        select m.new_position, m.place, m.body
        from take_device_messages($1, $2, $3, $4, 9223372036854775807, $5, $6, 0) m
        """)
}
