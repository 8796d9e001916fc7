import HTTPAPI
import MatrixCore
import Media

extension RequestInput {
    /// The address that `serverName` and `mediaId` of the path are.
    ///
    /// `M_NOT_FOUND` when they are none: nothing was ever kept under such a name.
    borrowing func mxcURI() throws(MatrixError) -> MXCURI {
        let server = ServerName(try path("serverName"))
        let mediaID = try path("mediaId")
        guard let server, let uri = MXCURI(serverName: server, mediaID: mediaID) else {
            throw .notFound("This is no address of media")
        }
        return uri
    }

    /// How long the client waits for content that is not there yet.
    borrowing func waitForContent() throws(MatrixError) -> Duration {
        let wait = try query(number: "timeout_ms", in: 0...MediaDownloads.maxWaitMilliseconds)
        return .milliseconds(wait ?? MediaDownloads.usualWaitMilliseconds)
    }
}
