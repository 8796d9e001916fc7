package import HTTPAPI
package import MatrixCore

/// A request about the backup that its path names.
package struct KeyBackupVersionRequest: RequestDecodable {
    let version: String

    package init(from input: borrowing RequestInput) throws(MatrixError) { version = try input.path("version") }
}
