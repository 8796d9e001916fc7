import HTTPAPI
package import MatrixCore

/// Keys of several servers, each as its server published it.
package struct NotaryKeys: JSONResponse {
    let serverKeys: [JSONValue]

    package var expectedBytes: Int { 64 + serverKeys.count * 600 }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.key("server_keys")
            json.array { for keys in serverKeys { $0.value(keys) } }
        }
    }
}
