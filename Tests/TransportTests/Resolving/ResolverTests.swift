import HTTPAPI
import Testing
import Transport

@Suite struct ResolverTests {
    @Test func knowsTheLoopback() async throws {
        let resolver = SystemResolver()
        let addresses = try await resolver.addresses(of: "localhost")
        #expect(!addresses.isEmpty && addresses.allSatisfy(\.isPrivateNetwork))
        await resolver.shutDown()
    }

    @Test(arguments: ["", "a b", "a\u{0}b", "ünï.example", String(repeating: "a", count: 300)])
    func refusesWhatIsNoName(name: String) async throws {
        let resolver = SystemResolver()
        await #expect(throws: ResolverError.malformedName) { try await resolver.addresses(of: name) }
        await #expect(throws: ResolverError.malformedName) { try await resolver.services(name) }
        await resolver.shutDown()
    }

    @Test func lookupsAfterTheEndFail() async {
        let resolver = SystemResolver()
        await resolver.shutDown()
        await #expect(throws: ResolverError.serverFailure) { try await resolver.addresses(of: "localhost") }
    }

    /// An answer as a name server sends it: the question, and records whose names point back into it.
    private func answer(_ records: [[UInt8]]) -> [UInt8] {
        let name = wireName(["_matrix-fed", "_tcp", "example", "org"])
        let header: [UInt8] = [0, 1, 0x81, 0x80, 0, 1, 0, UInt8(records.count), 0, 0, 0, 0]
        return header + name + [0, 33, 0, 1] + records.joined()
    }

    private func record(type: UInt8 = 33, _ data: [UInt8]) -> [UInt8] {
        [0xC0, 12, 0, type, 0, 1, 0, 0, 1, 44, 0, UInt8(data.count)] + data
    }

    private func service(priority: UInt8, weight: UInt8, port: UInt16, _ labels: [String]) -> [UInt8] {
        [0, priority, 0, weight, UInt8(port >> 8), UInt8(port & 255)] + wireName(labels)
    }

    private func wireName(_ labels: [String]) -> [UInt8] {
        var name: [UInt8] = []
        for label in labels {
            name.append(UInt8(label.utf8.count))
            name.append(contentsOf: label.utf8)
        }
        return name + [0]
    }

    @Test func readsServiceRecords() throws {
        let records = try SystemResolver.services(
            inAnswer: answer([
                record(service(priority: 10, weight: 5, port: 8448, ["m", "example", "org"])),
                record(type: 16, [1, 65]),
                record([0, 1, 0, 0, 1, 187, 0xC0, 29]),
                record(service(priority: 0, weight: 0, port: 0, [])),
            ]))
        #expect(
            records == [
                ServiceRecord(priority: 10, weight: 5, host: "m.example.org", port: 8448, lifetime: .seconds(300)),
                ServiceRecord(priority: 1, weight: 0, host: "example.org", port: 443, lifetime: .seconds(300)),
            ])
    }

    @Test func malformedAnswersAreNoAnswers() {
        let whole = answer([record(service(priority: 10, weight: 5, port: 8448, ["m", "example"]))])
        for length in 0..<whole.count {
            #expect(throws: ResolverError.serverFailure) {
                try SystemResolver.services(inAnswer: Array(whole[..<length]))
            }
        }
        // A name that points at itself.
        let loop = answer([record([0, 1, 0, 1, 1, 1, 0xC0, 63])])
        #expect((try? SystemResolver.services(inAnswer: loop))?.isEmpty != false)
    }
}
