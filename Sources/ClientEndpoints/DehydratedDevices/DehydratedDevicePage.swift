import Encryption
import HTTPAPI
package import MatrixCore

/// A part of what was sent to a stored device.
package struct DehydratedDevicePage: JSONResponse {
    let page: DehydratedInbox.Page
    /// Whether the end is told even when there is no more yet.
    let alwaysTellsEnd: Bool

    package var expectedBytes: Int { page.messages.reduce(64) { $0 + $1.count + 1 } }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.array(key: "events") { json in for message in page.messages { json.raw(message) } }
            if page.hasMore || alwaysTellsEnd { json.field("next_batch", page.end) }
        }
    }
}
