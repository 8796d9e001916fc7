import HTTPAPI
import HTTPTypes
import MatrixCore
import Media

extension UploadedContent {
    /// The body of an upload, with what the request says about it.
    init(from input: borrowing RequestInput) throws(MatrixError) {
        let name: FileName? =
            if let text = input.query(optional: "filename") { try FileName(text) } else { nil }
        self.init(
            body: input.bodyStream, announcedBytes: input.announcedBodyBytes,
            type: MediaType(input.header(.contentType)), name: name)
    }
}
