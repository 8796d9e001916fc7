import Postgres

/// The SQL of filters.
enum FilterStatements {
    static let all = [define, one]

    static let define = Statement("filters.define", "select define_filter($1, $2, $3, $4)")
    static let one = Statement(
        "filters.one", "select definition from filters where user_nid = $1 and filter_nid = $2", mode: .read)
}
