import Postgres

/// The SQL of profiles.
enum ProfileStatements {
    static let all = [ofUser, field, member, members, change, pending, proceed, finish]

    static let ofUser = Statement(
        "profiles.of_user", "select field, value from profiles where user_nid = $1 order by field", mode: .read)
    static let field = Statement(
        "profiles.field", "select value from profiles where user_nid = $1 and field = $2", mode: .read)
    static let members = Statement(
        "profiles.members",
        """
        select user_nid, field, value from profiles
        where user_nid = any ($1) and field in ('displayname', 'avatar_url')
        """, mode: .read)
    static let member = Statement(
        "profiles.member",
        "select field, value from profiles where user_nid = $1 and field in ('displayname', 'avatar_url')", mode: .read)
    static let change = Statement(
        "profiles.change",
        "select outcome, new_position, previous from change_profile_field($1, $2, $3, $4, $5, $6, $7)")

    // Profiles that rooms are to show.
    static let pending = Statement(
        "profiles.pending",
        """
        select user_nid, change, room_nid from pending_profiles where shard = any ($1) and user_nid > $2
        order by user_nid limit $3
        """, mode: .read)
    static let proceed = Statement(
        "profiles.proceed", "update pending_profiles set room_nid = $3 where user_nid = $1 and change = $2")
    static let finish = Statement(
        "profiles.finish", "delete from pending_profiles where user_nid = $1 and change = $2")
}
