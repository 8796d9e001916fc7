import FoundationEssentials
import MatrixCore
import Testing

/// Signatures about which implementations of Ed25519 disagree. Ours must say what Synapse's says, or an event would be in
/// the room for one server and not for the other.
struct Ed25519VerdictTests {
    private struct Verdict {
        let name: String
        let key: [UInt8]
        let signature: [UInt8]
        let message: [UInt8]
        let isValid: Bool
    }

    private func verdicts() throws -> [Verdict] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/Ed25519/pynacl-verdicts.tsv")
        let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        return try text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            let fields = line.split(separator: "\t")
            try #require(fields.count == 5)
            return Verdict(
                name: String(fields[0]), key: try #require(bytes(fields[1])), signature: try #require(bytes(fields[2])),
                message: Array(fields[3].utf8), isValid: fields[4] == "True")
        }
    }

    private func bytes(_ hex: Substring) -> [UInt8]? {
        let digits = hex.compactMap(\.hexDigitValue)
        guard digits.count == hex.count, digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    /// Points of small and mixed order, encodings that are not canonical, scalars beyond the order of the group.
    @Test func agreesWithTheLibraryOfOtherServers() throws {
        let verdicts = try verdicts()
        #expect(verdicts.count == 38)
        #expect(verdicts.count { $0.isValid } == 2)
        for verdict in verdicts {
            let key = try #require(Ed25519PublicKey(bytes: verdict.key))
            #expect(
                key.isValid(signature: verdict.signature, for: verdict.message) == verdict.isValid, "\(verdict.name)")
            let encoded = Base64.encode(verdict.signature)
            for text in [encoded, encoded + "=", encoded + "==", Base64.encodeURLSafe(verdict.signature)] {
                #expect(
                    key.isValid(base64Signature: text, for: verdict.message) == verdict.isValid, "\(verdict.name)")
            }
        }
    }

    @Test func refusesKeysAndSignaturesOfAnyOtherLength() throws {
        let key = try #require(Ed25519PrivateKey(seed: [UInt8](repeating: 7, count: 32)))
        let signature = key.sign([1, 2, 3])
        #expect(key.publicKey.isValid(signature: signature, for: [1, 2, 3]))
        for count in 0...200 where count != Ed25519PublicKey.byteCount {
            let bytes = [UInt8](repeating: 1, count: count)
            #expect(Ed25519PublicKey(bytes: bytes) == nil)
            #expect(Ed25519PublicKey(base64: Base64.encode(bytes)) == nil)
            #expect(Ed25519PrivateKey(seed: bytes) == nil)
        }
        for count in 0...200 where count != Ed25519PublicKey.signatureByteCount {
            let bytes = Array((signature + signature + signature + signature).prefix(count))
            #expect(!key.publicKey.isValid(signature: bytes, for: [1, 2, 3]))
            #expect(!key.publicKey.isValid(base64Signature: Base64.encode(bytes), for: [1, 2, 3]))
        }
        for text in [
            "", "!", "=", "é", "\0", String(repeating: "A", count: 87), String(repeating: "A", count: 1 << 20),
        ] {
            #expect(Ed25519PublicKey(base64: text) == nil)
            #expect(!key.publicKey.isValid(base64Signature: text, for: []))
        }
    }

    /// Every single bit counts.
    @Test func noticesEveryChangedBit() throws {
        let key = try #require(Ed25519PrivateKey(seed: [UInt8](repeating: 9, count: 32)))
        let message = Array("message".utf8)
        let signature = key.sign(message)
        for bit in 0..<(signature.count * 8) {
            var changed = signature
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!key.publicKey.isValid(signature: changed, for: message))
        }
        for bit in 0..<(message.count * 8) {
            var changed = message
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!key.publicKey.isValid(signature: signature, for: changed))
        }
    }
}
