import FoundationEssentials
import Glibc
import MatrixCore
import Testing

/// Runs every target over its committed corpus, then over mutations of it.
///
/// A run takes another seed each time and tells it when it fails; `APUS_FUZZ_SEED` repeats a run, and `APUS_FUZZ_RUNS`
/// (mutations a target, 1,500 by default) makes it longer. An input that ends the process is left in the file that
/// `APUS_FUZZ_INPUT` names. `Tests/Fuzzing/run` goes on where chance does not get.
struct FuzzingTests {
    private static let mutations = environment("APUS_FUZZ_RUNS").flatMap(Int.init) ?? 1500
    private static let seed = environment("APUS_FUZZ_SEED").flatMap(UInt64.init) ?? UInt64.random(in: 0...UInt64.max)
    private static let lastInput = environment("APUS_FUZZ_INPUT")

    private static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// By name.
    private static func corpus(of target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/Corpus/\(target.rawValue)")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { name in
            (name, Array(try Data(contentsOf: folder.appending(path: name))))
        }
    }

    @Test(arguments: FuzzTarget.allCases)
    func theCorpusHolds(_ target: FuzzTarget) throws {
        let corpus = try Self.corpus(of: target)
        #expect(corpus.count >= 8)
        for (name, bytes) in corpus {
            do { try target.run(bytes) } catch { Issue.record("\(target) \(name): \(error)") }
        }
    }

    @Test(arguments: FuzzTarget.allCases)
    func mutationsHold(_ target: FuzzTarget) throws {
        let inputs = try Self.corpus(of: target).map(\.bytes)
        var mutator = Mutator(seed: Self.seed, dictionary: target.dictionary)
        for run in 0..<Self.mutations {
            let input = mutator.input(from: inputs)
            if let path = Self.lastInput { try Data(input).write(to: URL(filePath: "\(path).\(target)")) }
            do { try target.run(input) } catch {
                Issue.record("\(target), seed \(Self.seed), run \(run): \(error)\n\(Base64.encode(input))")
                return
            }
        }
    }
}
