import Postgres

/// The SQL of account data. Room 0 is the global one.
enum AccountDataStatements {
    static let all = [one, ofUser, since, ofType, ofRooms, ofTypes, set]

    static let one = Statement(
        "account_data.one",
        "select content, position from account_data where user_nid = $1 and room_nid = $2 and data_type = $3",
        mode: .read)
    static let ofUser = Statement(
        "account_data.of_user",
        """
        select room_nid, data_type, content, position from account_data where user_nid = $1 and content is not null
        """, mode: .read)
    static let since = Statement(
        "account_data.since",
        """
        select room_nid, data_type, content, position from account_data
        where user_nid = $1 and position > $2 order by position
        """, mode: .read)
    /// Who of the users has this type of global data, and what.
    static let ofType = Statement(
        "account_data.of_type",
        """
        select user_nid, content from account_data
        where user_nid = any ($1) and room_nid = 0 and data_type = $2 and content is not null
        """, mode: .read)
    static let ofRooms = Statement(
        "account_data.of_rooms",
        """
        select room_nid, data_type, content, position from account_data
        where user_nid = $1 and room_nid = any ($2) and content is not null
        """, mode: .read)
    /// Some types of data of one user, of all rooms.
    static let ofTypes = Statement(
        "account_data.of_types",
        """
        select room_nid, data_type, content, position from account_data
        where user_nid = $1 and data_type = any ($2) and content is not null
        """, mode: .read)
    static let set = Statement(
        "account_data.set",
        "select outcome, new_position, previous from set_account_data($1, $2, $3, $4, $5, $6, $7, $8)")
}
