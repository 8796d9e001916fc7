import FoundationEssentials
import ServerConfiguration
import Testing

@Suite struct SecretTests {
    @Test func readsASecretFromAFileBesideTheConfiguration() throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "apus-secret-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data("swordfish\n".utf8).write(to: folder.appending(path: "shared.secret"))
        let file = folder.appending(path: "apus.yaml")
        try Data(minimal("registration: {shared_secret: {file: shared.secret}}").utf8).write(to: file)

        let configuration = try ServerConfiguration.load(path: file.path, environment: [:])
        #expect(configuration.registration.sharedSecret?.text == "swordfish")
        #expect(configuration.media.path == folder.appending(path: "data/media").path)
    }

    @Test func readsASecretFromTheEnvironment() throws {
        let yaml = "server_name: example.com\ndatabase: {url: {env: DATABASE}}"
        let configuration = try parse(yaml, environment: ["DATABASE": "postgresql://u:p@h/d"]).get()
        #expect(configuration.database.url.text == "postgresql://u:p@h/d")
    }

    @Test(arguments: [
        "{file: /nonexistent/secret}", "{file: /}", "{env: UNSET}", "{env: [a]}", "{}", "{file: a, env: b}",
        "{path: a}",
        "{file: /dev/null}", "{file: /dev/zero}",
    ])
    func refusesASecretThatCannotBeRead(_ reference: String) {
        let found = mistakes(minimal("registration: {shared_secret: \(reference)}"))
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("apus.yaml:3: registration.shared_secret") == true)
    }

    @Test func doesNotShowItself() {
        let secret = Secret("swordfish")
        #expect(!"\(secret)".contains("swordfish"))
        #expect(!String(reflecting: secret).contains("swordfish"))
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!dumped.contains("swordfish"))
    }

    @Test func aFileThatIsNotThereIsAMistake() {
        #expect(throws: ConfigurationMistakes.self) { try ServerConfiguration.load(path: "/nonexistent.yaml") }
        #expect(throws: ConfigurationMistakes.self) { try ServerConfiguration.load(path: "/") }
    }
}
