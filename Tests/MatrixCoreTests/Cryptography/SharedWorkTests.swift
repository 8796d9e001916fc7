import MatrixCore
import Synchronization
import Testing

@Suite struct SharedWorkTests {
    @Test(arguments: [0, 1, 64, 65, 1_000, 10_007])
    func keepsTheOrder(count: Int) async {
        let values = Array(0..<count)
        #expect(await SharedWork.map(values) { $0 * 3 } == values.map { $0 * 3 })
    }

    @Test func doesEachOnce() async {
        let done = Mutex([Int](repeating: 0, count: 5_000))
        _ = await SharedWork.map(Array(0..<5_000)) { index in done.withLock { $0[index] += 1 } }
        #expect(done.withLock { $0.allSatisfy { $0 == 1 } })
    }
}
