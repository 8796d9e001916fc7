import Postgres

/// The SQL of what users have reported.
enum ReportStatements {
    static let all = [add, newest, oldest, one, delete, count]

    private static let columns = """
        r.report_id, r.kind, u.user_id, r.room_id, r.event_id, r.user_id, r.reason, r.score, r.received_ms
        """
    private static let source = """
        reports r join users u on u.user_nid = r.reporter_nid
        where r.kind = $1 and ($2::text is null or u.user_id = $2) and ($3::text is null or r.room_id = $3)
            and ($4::text is null or r.user_id = $4)
        """

    static let add = Statement(
        "reports.add", "select new_id from add_report($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
    static let newest = Statement(
        "reports.newest", "select \(columns) from \(source) order by r.report_id desc offset $5 limit $6", mode: .read)
    static let oldest = Statement(
        "reports.oldest", "select \(columns) from \(source) order by r.report_id offset $5 limit $6", mode: .read)
    static let count = Statement("reports.count", "select count(*) from \(source)", mode: .read)
    static let one = Statement(
        "reports.one",
        """
        select \(columns) from reports r join users u on u.user_nid = r.reporter_nid
        where r.kind = $1 and r.report_id = $2
        """, mode: .read)
    static let delete = Statement("reports.delete", "delete from reports where kind = $1 and report_id = $2")
}
