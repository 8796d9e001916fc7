import MatrixCore
import Testing

/// Hashes that another implementation computes, in each version of the format.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#calculating-the-reference-hash-for-an-event
@Suite struct EventHashVectorTests {
    @Test func contentIsHashedAsOthersHashIt() throws {
        for vector in try vectors() {
            for version in vector.versions {
                let event = try canonical(vector.event, version)
                let hash = try EventHashes.content(of: event.root, version: version)
                #expect(Base64.encode(hash) == vector.contentHash, "v\(version) \(vector.type)")
            }
        }
    }

    /// The reference hash is over what redaction leaves: what this version keeps, all of it and nothing else.
    @Test func redactionLeavesWhatOthersLeave() throws {
        for vector in try vectors() {
            for version in vector.versions {
                let event = try canonical(vector.event, version)
                let bytes = EventHashes.referenceBytes(of: event.root, version: version)
                #expect(
                    Base64.encode(SHA256.hash(bytes)) == vector.referenceHashes[version.identifier],
                    "v\(version) \(vector.type): \(String(decoding: bytes, as: UTF8.self))")
            }
        }
    }

    /// A copy with another content, and what is left of it, are the same event.
    @Test func readsTheEventAsWhatItsHashSays() throws {
        // Numbers beyond canonical JSON would not survive being edited here.
        for vector in try vectors() where (try? CanonicalJSON.check(vector.event)) != nil {
            for version in vector.versions {
                var json = vector.event.value()
                json["hashes"] = ["sha256": .string(vector.contentHash)]
                let received = try Event.receive(JSONDocument(parsing: json.canonicalBytes).root, in: version)
                // With its true hash it has another id than in the table, but the same one intact and redacted.
                #expect(received.isContentIntact, "v\(version) \(vector.type)")
                json["content"]?["org.example.added"] = true
                let changed = try Event.receive(JSONDocument(parsing: json.canonicalBytes).root, in: version)
                guard vector.type != EventType.create || !version.redaction.keepsVersion11Content else { continue }
                #expect(!changed.isContentIntact)
                #expect(changed.event.eventID == received.event.eventID, "v\(version) \(vector.type)")
                let redacted = try received.event.redacted()
                #expect(changed.event.bytes == redacted.bytes)
            }
        }
    }

    @Test func thereAreVectorsForEachVersion() throws {
        #expect(Set(try vectors().flatMap(\.versions)) == Set(RoomVersion.supported))
    }

    private struct Vector {
        let event: JSONView
        let type: String
        let versions: [RoomVersion]
        let contentHash: String
        let referenceHashes: [String: String]
    }

    private func vectors() throws -> [Vector] {
        let root = try Vectors.read("event-hashes.json").root
        let entries = try #require(root.array)
        return try entries.map { entry in
            var hashes: [String: String] = [:]
            for (version, hash) in try #require(entry["referenceHashes"]?.object) { hashes[version] = hash.string }
            return Vector(
                event: try #require(entry["event"]), type: entry["event"]?["type"]?.string ?? "",
                versions: RoomVersion.supported.filter { hashes[$0.identifier] != nil },
                contentHash: try #require(entry["contentHash"]?.string), referenceHashes: hashes)
        }
    }

    private func canonical(_ event: JSONView, _ version: RoomVersion) throws -> JSONDocument {
        try JSONDocument(parsing: CanonicalJSON.encode(event, strict: version.enforcesCanonicalJSON))
    }
}
