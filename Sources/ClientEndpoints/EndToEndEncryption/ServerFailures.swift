import Encryption
import HTTPAPI
import MatrixCore

extension JSONFields {
    /// How long other servers may take.
    func keyTimeout() throws(MatrixError) -> Duration {
        guard let milliseconds: Int64 = try optional("timeout") else { return KeyQuery.usualTimeout }
        return .milliseconds(milliseconds)
    }
}

extension JSONWriter {
    /// Servers that did not answer, and why.
    mutating func field(failures: [ServerName: MatrixError]) {
        object(key: "failures") { json in
            for (server, error) in failures {
                json.object(key: server.description) { json in
                    json.field("status", error.status)
                    json.field(optional: "errcode", error.errcode?.rawValue)
                    json.field("message", error.message)
                }
            }
        }
    }
}
