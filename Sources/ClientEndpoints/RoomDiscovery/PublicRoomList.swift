import Directory
import HTTPAPI
package import MatrixCore

/// A page of the public list as an answer.
package struct PublicRoomList: JSONResponse {
    let page: PublicRoomPage

    package var expectedBytes: Int { page.rooms.count * 400 + 100 }

    package func write(to json: inout JSONWriter) { page.write(to: &json) }
}
