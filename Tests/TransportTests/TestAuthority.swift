import FoundationEssentials
import Glibc
import HTTPAPI
import Testing

/// A certificate authority of its own and one certificate, for `matrix.example` and 127.0.0.1, made with openssl.
final class TestAuthority: Sendable {
    struct Failure: Error {}

    private let folder: String
    var authorityPath: String { folder + "/ca.crt" }
    var certificatePath: String { folder + "/server.crt" }
    var keyPath: String { folder + "/server.key" }

    init() throws {
        var template = Array("/tmp/apus-tls-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure() }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let curve = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        try Self.shell(
            """
            cd '\(folder)' \
            && openssl req -x509 \(curve) -keyout ca.key -out ca.crt -subj /CN=apus-test-authority 2>/dev/null \
            && openssl req \(curve) -keyout server.key -out server.csr -subj /CN=matrix.example 2>/dev/null \
            && printf 'subjectAltName=DNS:matrix.example,IP:127.0.0.1' > names \
            && openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt \
            2>/dev/null
            """)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private static func shell(_ command: String) throws {
        var pid: pid_t = 0
        let texts = ["sh", "-c", command]
        let arguments: [UnsafeMutablePointer<CChar>?] = texts.map { (text: String) in strdup(text) } + [nil]
        defer { for argument in arguments { free(argument) } }
        guard posix_spawn(&pid, "/bin/sh", nil, nil, arguments, environ) == 0 else { throw Failure() }
        var status: Int32 = 0
        guard waitpid(pid, &status, 0) == pid, status == 0 else { throw Failure() }
    }
}
