package import HTTPAPI
package import MatrixCore

/// A request about one report.
package struct ReportRequest: RequestDecodable {
    let id: Int64

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        id = try input.path("reportId", { Int64($0) })
    }
}
