import MatrixCore
import Testing

/// Inputs that cost more than their size says, if anything does.
@Suite(.serialized)
struct JSONCostTests {
    private static func object(_ count: Int, key: (Int) -> String) -> [UInt8] {
        Array("{\((0..<count).map { "\"\(key($0))\":1" }.joined(separator: ","))}".utf8)
    }

    @Test func manyKeysStayCheap() throws {
        let shapes: [(Int) -> [UInt8]] = [
            { count in Self.object(count) { "\(count - $0)k" } },
            { count in Self.object(count) { _ in "same" } },
            { count in Self.object(count) { "\\u0061\(count - $0)" } },
            { count in Self.object(count) { String(repeating: "x", count: 200) + "\(count - $0)" } },
        ]
        for shape in shapes {
            let ratio = try CostGrowth.ratio(shape, size: 400) { bytes in
                let document = try JSONDocument(parsing: bytes)
                _ = try CanonicalJSON.encode(document.root, strict: true)
                _ = document["no such key"]
            }
            #expect(ratio < CostGrowth.allowed)
        }
    }

    @Test func anObjectOfAHundredThousandKeysIsRead() throws {
        let document = try JSONDocument(parsing: Self.object(100_000) { "k\(($0 * 7919) % 100_003)" })
        #expect(document.root.count == 100_000)
        #expect(!document.hasDuplicateKeys)
        let canonical = try JSONDocument(parsing: CanonicalJSON.encode(document.root, strict: true))
        #expect(canonical.isCanonical)
        #expect(canonical.root.count == 100_000)
    }

    @Test func longScalarsStayCheap() throws {
        let shapes: [(Int) -> [UInt8]] = [
            { Array("\"\(String(repeating: "\\u0041", count: $0))\"".utf8) },
            { Array("\"\(String(repeating: "\\", count: $0 * 2))\"".utf8) },
            { Array("\"\(String(repeating: "日", count: $0))\"".utf8) },
            { Array("[\(String(repeating: "1,", count: $0))1]".utf8) },
            { Array("[\(String(repeating: "[],", count: $0))[]]".utf8) },
            { Array("[\(String(repeating: "12345678901234567890.5e-3,", count: $0))1]".utf8) },
            { Array(repeating: 0x20, count: $0) + [0x31] },
        ]
        for shape in shapes {
            let ratio = try CostGrowth.ratio(shape, size: 1500) { bytes in
                _ = try CanonicalJSON.encode(JSONDocument(parsing: bytes).root, strict: false)
            }
            #expect(ratio < CostGrowth.allowed)
        }
    }
}
