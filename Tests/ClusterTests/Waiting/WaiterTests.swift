import Cluster
import Testing

struct WaiterTests {
    @Test func endsWithWhatCameFirst() async {
        let waiter = Waiter<Int>()
        waiter.end(1)
        waiter.end(2)
        #expect(await waiter.wait(cancelled: 3) == 1)
    }

    @Test func endsWhenTheTaskIsCancelled() async {
        let waiter = Waiter<Int>()
        let outcome = await withTaskGroup(of: Int.self) { group in
            group.addTask { await waiter.wait(cancelled: 3) }
            group.cancelAll()
            return await group.next()
        }
        #expect(outcome == 3)
        #expect(waiter.hasEnded)
    }

    @Test func endsOnceForManyWhoEndIt() async {
        for _ in 0..<200 {
            let waiter = Waiter<Int>()
            let outcome = await withTaskGroup(of: Int?.self) { group in
                group.addTask { await waiter.wait(cancelled: -1) }
                for number in 0..<4 {
                    group.addTask {
                        waiter.end(number)
                        return nil
                    }
                }
                return await group.reduce(nil) { $0 ?? $1 }
            }
            #expect((0..<4).contains(outcome ?? -1))
        }
    }
}
