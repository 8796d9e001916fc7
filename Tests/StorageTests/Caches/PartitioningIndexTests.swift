import Storage
import Testing

struct PartitioningIndexTests {
    @Test(arguments: 0...9) func theSecondPartIsFoundWhereverItBegins(_ count: Int) {
        // A slice has places of its own.
        let slice = Array(0..<(2 * count))[count...]
        for start in count...(2 * count) { #expect(slice.partitioningIndex { $0 >= start } == start) }
    }

    @Test func fewElementsAreLookedAt() {
        var looks = 0
        let place = (0..<1_000_000).partitioningIndex { number in
            looks += 1
            return number >= 123_456
        }
        #expect(place == 123_456 && looks <= 20)
    }
}
