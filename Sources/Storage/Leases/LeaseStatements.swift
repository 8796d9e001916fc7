import Postgres

/// The SQL of duties: who holds which slot, and how far it has come.
enum LeaseStatements {
    static let all = [renew, release, leave, saveCursors]

    static let renew = Statement(
        "leases.renew", "select slot, epoch, share, positions from renew_leases($1, $2, $3, $4)")
    /// The row stays, because the next holder's epoch has to be higher.
    static let release = Statement(
        "leases.release",
        """
        update leases set expires_at = '-infinity' where duty = $1 and slot = $2 and holder = $3 and epoch = $4
        """)
    static let leave = Statement("leases.leave", "delete from duty_workers where duty = $1 and worker = $2")
    /// The slots that were saved. One by one in the order given, so that two who save never wait for each other in a circle.
    static let saveCursors = Statement(
        "leases.save_cursors",
        """
        select i.slot from unnest($3::integer[], $4::bigint[], $5::text[]) as i(slot, epoch, positions)
        where save_duty_cursor($1, i.slot, $2, i.epoch, i.positions::bigint[])
        """)
}
