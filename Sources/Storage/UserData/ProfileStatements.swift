import Postgres

/// The SQL of profiles.
enum ProfileStatements {
    static let all = [ofUser, field, member, members, set, delete]

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
    static let set = Statement("profiles.set", "select set_profile_field($1, $2, $3, $4)")
    static let delete = Statement("profiles.delete", "delete from profiles where user_nid = $1 and field = $2")
}
