import HTTPAPI
package import MatrixCore

/// Fields of a profile, as an object.
package struct ProfileResponse: JSONResponse {
    /// Each value is JSON.
    let fields: [(field: String, value: [UInt8])]

    package func write(to json: inout JSONWriter) {
        json.object { json in for (field, value) in fields { json.field(field, raw: value) } }
    }
}
