import MatrixCore
import Storage

/// A backup of room keys, as its user is told of it.
package struct KeyBackup: Sendable {
    package let version: String
    package let algorithm: String
    /// JSON, as the client wrote it.
    package let authData: [UInt8]
    package let contents: Contents

    /// How much is in a backup, for clients that want to know whether another one has changed it.
    package struct Contents: Sendable, Hashable {
        package let keyCount: Int64
        /// Another one after every change of the keys.
        package let etag: String

        init(_ contents: KeyBackupContents) {
            keyCount = contents.keyCount
            etag = String(contents.revision)
        }
    }

    init(_ record: KeyBackupRecord) {
        version = String(record.version)
        algorithm = record.algorithm
        authData = record.authData
        contents = Contents(record.contents)
    }
}
