import FoundationEssentials
import Glibc
import ServerConfiguration
import Testing

@Suite struct HAProxyConfigurationTests {
    static let cluster = """
        listeners:
          - {address: "127.0.0.1:8008"}
          - {address: "[::1]:8009", serves: [client]}
          - {address: "127.0.0.1:8010", serves: [federation, media]}
        workers:
          client-1: {role: client-api, address: "127.0.0.1:8101"}
          client-2: {role: client-api, address: "[::1]:8102"}
          reader-1: {role: federation-reader, address: "127.0.0.1:8201"}
          sender-1: {role: federation-sender, address: "127.0.0.1:8301"}
          media-1: {role: media, address: "localhost:8401"}
          push-1: {role: push, address: "127.0.0.1:8501"}
        """

    @Test func everyWorkerThatServesIsBehindItsBackend() throws {
        let text = try proxy(Self.cluster)
        #expect(text.contains("server client-1 127.0.0.1:8101\n    server client-2 [::1]:8102\n"))
        #expect(text.contains("backend federation\n    balance roundrobin\n    server reader-1 127.0.0.1:8201\n"))
        #expect(text.contains("server media-1 localhost:8401"))
        #expect(!text.contains("sender-1"))
        #expect(!text.contains("push-1"))
    }

    @Test func aListenerServesOnlyWhatItSays() throws {
        let frontends = try proxy(Self.cluster).components(separatedBy: "frontend ")
        #expect(frontends[1].contains("default_backend client"))
        #expect(frontends[1].contains("use_backend federation if is_federation"))
        #expect(frontends[2].contains("http-request return status 404"))
        #expect(!frontends[2].contains("use_backend federation"))
        #expect(frontends[3].contains("unless is_media or is_federation or is_probe"))
        #expect(frontends[3].contains("default_backend federation"))
    }

    @Test func saysWhichWorkersAreMissing() throws {
        let configuration = try parse(minimal()).get()
        let error = #expect(throws: ConfigurationMistakes.self) {
            try HAProxyConfiguration(configuration, file: "apus.yaml")
        }
        #expect(error?.mistakes.count == 3)
        #expect(error?.description.hasPrefix("apus.yaml: workers: there is no worker with the role client-api") == true)
    }

    @Test func withoutFederationNoReaderIsNeeded() throws {
        let text = try proxy(
            """
            federation: {enabled: false}
            workers:
              client-1: {role: client-api, address: "127.0.0.1:8101"}
              media-1: {role: media, address: "127.0.0.1:8401"}
            """)
        #expect(text.contains("return status 404"))
        #expect(!text.contains("backend federation"))
    }

    @Test func aKeyThatHAProxyWouldNotFindIsAMistake() throws {
        let configuration = try parse(
            minimal(
                Self.cluster.replacing(
                    #"{address: "127.0.0.1:8008"}"#,
                    with: #"{address: "127.0.0.1:8448", tls: {certificate: fullchain.pem, key: privkey.pem}}"#))
        ).get()
        #expect(throws: ConfigurationMistakes.self) { try HAProxyConfiguration(configuration, file: "f") }
    }

    /// The real program's word on it. It is installed wherever these tests run in earnest (`.ci/run`).
    @Test(.enabled(if: access("/usr/sbin/haproxy", X_OK) == 0), arguments: [false, true])
    func haproxyTakesIt(withTLS: Bool) throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "apus proxy'$HOME \(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var yaml = Self.cluster
        if withTLS {
            let (status, output) = try run(
                [
                    "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes",
                    "-subj", "/CN=localhost", "-keyout", folder.appending(path: "tls.key").path, "-out",
                    folder.appending(path: "tls.crt").path,
                ], log: folder.appending(path: "log").path)
            try #require(status == 0, "\(output)")
            yaml.replace(
                #"{address: "[::1]:8009", serves: [client]}"#,
                with: #"{address: "0.0.0.0:8448", serves: [federation], tls: {certificate: tls.crt, key: tls.key}}"#)
        }
        let configuration = try parse(minimal(yaml), directory: folder.path).get()
        let file = folder.appending(path: "haproxy.cfg")
        try Data(try HAProxyConfiguration(configuration, file: "f").text.utf8).write(to: file)
        let (status, output) = try run(
            ["/usr/sbin/haproxy", "-c", "-f", file.path], log: folder.appending(path: "log").path)
        #expect(status == 0, "\(output)")
        #expect(!output.contains("WARNING"), "\(output)")
    }

    private func proxy(_ more: String) throws -> String {
        try HAProxyConfiguration(try parse(minimal(more)).get(), file: "apus.yaml").text
    }
}

extension HAProxyConfigurationTests {
    /// Runs a program to its end; what it says goes to the file `log`.
    private func run(_ arguments: [String], log: String) throws -> (status: Int32, output: String) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var pid = pid_t()
        try #require(posix_spawn(&pid, arguments[0], &actions, nil, &words, environ) == 0)
        var status: Int32 = 0
        try #require(waitpid(pid, &status, 0) == pid)
        return (status, String(decoding: try Data(contentsOf: URL(filePath: log)), as: UTF8.self))
    }
}
