import Telemetry
import Testing

@Suite struct RandomSourceTests {
    @Test func aSeedRepeats() {
        #expect(SeededRandomSource(seed: 7).bytes(33) == SeededRandomSource(seed: 7).bytes(33))
        #expect(SeededRandomSource(seed: 7).bytes(33) != SeededRandomSource(seed: 8).bytes(33))
    }

    @Test(arguments: [0, 1, 7, 8, 9, 100]) func fillsEveryLength(count: Int) {
        #expect(SystemRandomSource().bytes(count).count == count)
    }

    @Test func systemBytesDiffer() {
        let source = SystemRandomSource()
        #expect(Set((0..<100).map { _ in source.bytes(16) }).count == 100)
    }

    @Test func tokensUseTheWholeAlphabetEvenly() {
        let token = SeededRandomSource(seed: 1).token(length: 62_000)
        var counts: [Character: Int] = [:]
        for character in token { counts[character, default: 0] += 1 }
        #expect(counts.count == 62)
        #expect(counts.values.allSatisfy { (850...1150).contains($0) })
        #expect(
            SeededRandomSource(seed: 1).token(length: 10, alphabet: .upperCase).allSatisfy { ("A"..."Z").contains($0) })
    }

    @Test func numbersStayBelowTheirBound() {
        let source = SeededRandomSource(seed: 3)
        #expect((0..<1000).allSatisfy { _ in source.number(below: 7) < 7 })
        #expect(source.number(below: 0) == 0)
    }

    @Test func jitterStaysWithinItsFraction() {
        let source = SeededRandomSource(seed: 5)
        for _ in 0..<1000 {
            let jittered = source.jittered(.seconds(10), fraction: 0.1)
            #expect(jittered >= .seconds(9) && jittered <= .seconds(11))
        }
    }
}
