import FoundationEssentials
import Testing

/// Every link into the specification leads somewhere: a comment that cites a rule must let the reader find it.
@Suite struct SpecificationLinkTests {
    private static let version = "v1.19"

    @Test func linksLeadSomewhere() throws {
        let known = try anchors()
        var found: [String] = []
        for file in try SourceTree.sources.get() + SourceTree.tests.get() {
            for comment in file.swift.comments where comment.text.contains("spec.matrix.org") {
                for link in comment.text.matches(of: #/https://spec\.matrix\.org/(?<place>[^\s)>`"]*)/#) {
                    // A link at the end of a clause has its comma or full stop behind it.
                    var place = String(link.output.place)
                    while let last = place.last, ".,:;".contains(last) { place.removeLast() }
                    // The parts of a request or an answer have anchors below that of their operation.
                    if let part = place.firstMatch(of: #/_(?:request|response-\d+)(?:_[\w-]+)?$/#) {
                        place.removeSubrange(part.range)
                    }
                    let isKnown = place.hasPrefix("\(Self.version)/") && known.contains(String(place.dropFirst(6)))
                    if !isKnown { found.append("\(file.path):\(comment.line): \(link.output.0)") }
                }
            }
        }
        #expect(found.isEmpty, "links to nothing in \(Self.version):\n\(found.joined(separator: "\n"))")
    }

    @Test func knowsTheAnchorsOfOperationsAndOfProse() throws {
        let known = try anchors()
        #expect(known.contains("client-server-api/#get_matrixclientv3sync"))
        #expect(known.contains("server-server-api/#checks-performed-on-receipt-of-a-pdu"))
        #expect(known.contains("rooms/v12/#authorisation-rules"))
        #expect(known.contains("client-server-api/"))
        #expect(!known.contains("client-server-api/#no-such-thing"))
    }

    private func anchors() throws -> Set<String> {
        struct Operation: Decodable {
            let spec: String
        }
        let text = try SourceTree.read("Tests/ConformanceTests/Fixtures/operations.json")
        let operations = try JSONDecoder().decode([Operation].self, from: Data(text.utf8))
        let prefix = "https://spec.matrix.org/\(Self.version)/"
        return Set(
            operations.map { String($0.spec.dropFirst(prefix.count)) } + (try SourceTree.list("spec-headings.txt")))
    }
}
