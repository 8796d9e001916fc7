import HTTPAPI
import MatrixCore
import Rooms

extension ReportFilter {
    /// Reads what all lists of reports take.
    ///
    /// - Parameter user: the name of the parameter for who is reported, or whose event is.
    init(_ kind: ReportKind, user: String, from input: borrowing RequestInput) throws(MatrixError) {
        self.init(kind: kind)
        offset = try input.query(number: "from", in: 0...1_000_000_000) ?? 0
        limit = try input.query(number: "limit", in: 0...Reports.maxPage) ?? 100
        oldestFirst = try input.query(optional: "dir", { ["f": true, "b": false][$0] }) ?? false
        reporter = try input.query(optional: "user_id", { UserID($0) })
        roomID = try input.query(optional: "room_id", { RoomID($0) })
        userID = try input.query(optional: user, { UserID($0) })
    }
}
