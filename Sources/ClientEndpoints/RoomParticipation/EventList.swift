import HTTPAPI
package import MatrixCore

/// An array of rendered events.
package struct EventList: JSONResponse {
    let events: [[UInt8]]

    package var expectedBytes: Int { events.reduce(2) { $0 + $1.count + 1 } }

    package func write(to json: inout JSONWriter) {
        json.array { for event in events { $0.raw(event) } }
    }
}
