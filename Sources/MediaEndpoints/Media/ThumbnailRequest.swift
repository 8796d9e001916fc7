package import HTTPAPI
package import MatrixCore
import Media

/// What every request for a thumbnail takes.
package struct ThumbnailRequest: RequestDecodable {
    /// Beyond it no picture has points to show.
    private static let sides = 1...65_535

    let uri: MXCURI
    let wait: Duration
    let wish: ThumbnailWish
    let conditions: TransferConditions

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        uri = try input.mxcURI()
        wait = try input.waitForContent()
        guard let width = try input.query(number: "width", in: Self.sides) else { throw .missingParam("width") }
        guard let height = try input.query(number: "height", in: Self.sides) else { throw .missingParam("height") }
        wish = ThumbnailWish(
            width: width, height: height,
            method: try input.query(optional: "method") { ThumbnailWish.Method(rawValue: $0) } ?? .scale,
            isAnimated: try input.query(flag: "animated"))
        conditions = TransferConditions(from: input)
    }

    /// The thumbnail as an answer.
    func answer(to access: MediaAccess, with services: MediaEndpointServices) async throws -> ServerResponse {
        let media = try await services.downloads.find(uri, by: access, waiting: wait)
        let thumbnail = try await services.thumbnails.thumbnail(wish, of: media)
        return try await FileTransfer(
            file: thumbnail.file, type: thumbnail.type,
            disposition: ContentDisposition(.inline, name: thumbnail.name), tag: thumbnail.tag, access: access
        ).answer(to: conditions)
    }
}
