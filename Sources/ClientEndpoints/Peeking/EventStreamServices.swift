package import Directory
import HTTPAPI
import MatrixCore
package import Sync

/// What the endpoints of the old event stream, by which rooms are also looked into from outside, work with.
package struct EventStreamServices: Sendable {
    let stream: EventStream
    let directory: RoomDirectory

    package init(stream: EventStream, directory: RoomDirectory) {
        self.stream = stream
        self.directory = directory
    }
}

extension LocalUser {
    var streamReader: EventStream.Reader { EventStream.Reader(user: userNID, deviceID: deviceID) }
}
