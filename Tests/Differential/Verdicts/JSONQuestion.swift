import MatrixCore

/// What the canonical form of some JSON is, given as text because it may be anything.
struct JSONQuestion {
    private let text: String
    private let strict: Bool

    init(_ question: JSONView) throws(BadQuestion) {
        text = try question.text("text")
        strict = question["strict"]?.bool ?? false
    }

    func answer() throws -> [UInt8] {
        let canonical: [UInt8]
        do {
            let document = try JSONDocument(parsing: Array(text.utf8))
            canonical = try CanonicalJSON.encode(document.root, strict: strict)
        } catch {
            return JSONWriter.write { $0.object { $0.field("refused", String(describing: error)) } }
        }
        return JSONWriter.write { $0.object { $0.field("canonical", String(decoding: canonical, as: UTF8.self)) } }
    }
}
