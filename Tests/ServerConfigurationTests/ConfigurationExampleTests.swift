import FoundationEssentials
import ServerConfiguration
import Testing

@Suite struct ConfigurationExampleTests {
    /// `apus config example > Config/example.yaml` brings the file up to date.
    @Test func theCommittedExampleIsWhatTheKeysSay() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let committed = try Data(contentsOf: root.appending(path: "Config/example.yaml"))
        #expect(String(decoding: committed, as: UTF8.self) == ConfigurationExample.text)
    }

    @Test func theExampleIsAConfigurationOfDefaults() throws {
        let example = try parse(ConfigurationExample.text).get()
        let minimal = try parse(minimal()).get()
        #expect(example.publicBaseURL.text == "https://matrix.example.com/")
        #expect(example.listeners == minimal.listeners)
        #expect(example.rateLimits == minimal.rateLimits)
        #expect(described(example) == described(minimal))
    }

    /// Everything but what is compared by itself: sets and dictionaries have no order to describe.
    private func described(_ configuration: ServerConfiguration) -> [String] {
        Mirror(reflecting: configuration).children.map { ($0.label ?? "", "\($0.value)") }
            .filter { !["publicBaseURL", "listeners", "rateLimits"].contains($0.0) }
            .map { "\($0): \($1)" }
    }

    /// What the example shows in comments is right too: switched on, the file still reads.
    @Test func whatTheExampleCommentsOutReadsToo() throws {
        var switchedOn = ""
        for key in ServerConfiguration.documentation {
            switch key.shape {
            case .optionalSection:
                switchedOn += "\(key.name):\n"
                for child in key.children {
                    switchedOn += "  \(child.name): \(child.example ?? child.fallback ?? "")\n"
                }
            case .entries:
                guard let example = key.example else { continue }
                switchedOn += "\(key.name):\n"
                for line in example.split(separator: "\n") {
                    switchedOn += "  \(line.hasPrefix("# ") ? line.dropFirst(2) : line)\n"
                }
            case .section, .value: continue
            }
        }
        let configuration = try parse(minimal(switchedOn)).get()
        #expect(configuration.redis != nil)
        #expect(configuration.email != nil)
        #expect(configuration.listeners.count == 2)
        #expect(Set(configuration.workers.map(\.role)) == Set(WorkerRole.allCases))
    }

    @Test func everyKeySaysWhatItIsFor() {
        func check(_ keys: [KeyDocumentation]) {
            for key in keys {
                #expect(
                    key.text.hasSuffix(".") && key.text.first?.isUppercase == true || key.text.hasPrefix("text:"),
                    "\(key.name)")
                #expect(key.fallback != nil || key.example != nil || key.shape != .value, "\(key.name) shows nothing")
                check(key.children)
            }
        }
        check(ServerConfiguration.documentation)
    }
}
