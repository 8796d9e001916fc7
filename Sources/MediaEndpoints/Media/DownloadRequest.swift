package import HTTPAPI
package import MatrixCore
import Media

/// What every download takes.
package struct DownloadRequest: RequestDecodable {
    let uri: MXCURI
    let wait: Duration
    /// The name that the file is to have; `nil` leaves it the one it was uploaded with.
    let name: FileName?
    let conditions: TransferConditions

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        uri = try input.mxcURI()
        wait = try input.waitForContent()
        name = if let text = try input.path(optional: "fileName") { try FileName(text) } else { nil }
        conditions = TransferConditions(from: input)
    }

    /// The file as an answer.
    func answer(to access: MediaAccess, with services: MediaEndpointServices) async throws -> ServerResponse {
        let media = try await services.downloads.find(uri, by: access, waiting: wait)
        let file = try await services.downloads.content(of: media)
        let disposition = ContentDisposition(
            media.type.mayBeShownInline ? .inline : .attachment, name: (name ?? media.name)?.description)
        return try await FileTransfer(
            file: file, type: media.type, disposition: disposition, tag: media.digest.hex, access: access
        ).answer(to: conditions)
    }
}
