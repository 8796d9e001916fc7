import Encryption
import HTTPAPI
package import MatrixCore
import NIOCore

/// What a change of keys has made of a backup.
package struct KeyBackupContentsResponse: JSONResponse {
    let contents: KeyBackup.Contents

    package func write(to json: inout JSONWriter) { json.object { contents.write(to: &$0) } }
}

/// What a backup says of itself.
package struct KeyBackupResponse: JSONResponse {
    let backup: KeyBackup

    package var expectedBytes: Int { backup.authData.count + 256 }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("algorithm", backup.algorithm)
            json.field("auth_data", raw: backup.authData)
            backup.contents.write(to: &json)
            json.field("version", backup.version)
        }
    }
}

extension KeyBackup.Contents {
    func write(to json: inout JSONWriter) {
        json.field("count", keyCount)
        json.field("etag", etag)
    }
}

extension BackedUpKeyPieces {
    /// The keys in one buffer when they are few, else as a stream.
    func response() async throws -> ServerResponse {
        let buffers = map { ByteBuffer(bytes: $0) }
        guard isShort else { return .stream(BodyStream(buffers), length: nil, contentType: "application/json") }
        var whole = ByteBuffer()
        for try await buffer in buffers { whole.writeImmutableBuffer(buffer) }
        return ServerResponse(json: whole)
    }
}
