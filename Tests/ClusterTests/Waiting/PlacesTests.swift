import ApusTesting
import Cluster
import Synchronization
import Telemetry
import Testing

struct PlacesTests {
    private typealias Line = Places<String>

    private final class Notes<Element: Sendable>: Sendable {
        private let elements = Mutex<[Element]>([])

        var all: [Element] { elements.withLock { $0 } }
        func add(_ element: Element) { elements.withLock { $0.append(element) } }
    }

    /// Those who have a place, until they are let go.
    private final class Inside: Sendable {
        private let state = Mutex<(now: Int, most: Int, all: Int)>((0, 0, 0))
        private let ends = Mutex<[Waiter<Void>]>([])

        var now: Int { state.withLock { $0.now } }
        var most: Int { state.withLock { $0.most } }
        var all: Int { state.withLock { $0.all } }

        @Sendable func stay() async {
            state.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1), $0.all + 1) }
            let waiter = Waiter<Void>()
            ends.withLock { $0.append(waiter) }
            await waiter.wait(cancelled: ())
            state.withLock { $0.now -= 1 }
        }

        /// Lets the one go who came first of those who are here.
        func letOneGo() { ends.withLock { $0.isEmpty ? nil : $0.removeFirst() }?.end(()) }
        func letAllGo() { for waiter in ends.withLock({ $0 }) { waiter.end(()) } }
    }

    @Test func soManyOfAKeyAreThroughAndTheOthersComeInTheirOrder() async throws {
        let (places, inside) = (Line(ofEach: 2), Inside())
        let order = Notes<Int>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<6 {
                group.addTask {
                    try await places.hold("one") {
                        order.add(number)
                        await inside.stay()
                    }
                }
                try await eventually("a place or the wait for one") {
                    let counts = places.counts
                    return counts.held + counts.waiting == number + 1
                }
            }
            #expect(places.counts == (2, 4, 0))
            try await places.hold("two") {}
            for left in (0..<6).reversed() {
                try await eventually("all places taken") { inside.now == min(left + 1, 2) }
                inside.letOneGo()
                try await eventually("one less") { places.counts.held + places.counts.waiting == left }
            }
            try await group.waitForAll()
        }
        #expect(inside.most == 2)
        #expect(order.all == Array(0..<6))
        #expect(places.counts == (0, 0, 0))
    }

    @Test func whoComesWhenTheLineIsLongIsSentAwayAndOthersAreNot() async throws {
        let places = Line(Line.Limits(ofKey: { _ in 1 }, inAll: 3, waitingOfKey: 2, waitingInAll: 3))
        let inside = Inside()
        try await withThrowingTaskGroup(of: Void.self) { group in
            func begin(_ key: String) { group.addTask { try await places.hold(key, inside.stay) } }
            for _ in 0..<3 { begin("one") }
            try await eventually("one through and two waiting") { places.counts == (1, 2, 0) }
            await #expect(throws: Line.Refusal.self) { try await places.hold("one") {} }
            for key in ["two", "three"] { begin(key) }
            try await eventually("all places taken") { places.counts == (3, 2, 0) }
            begin("four")
            try await eventually("one more waiting") { places.counts == (3, 3, 0) }
            await #expect(throws: Line.Refusal.self) { try await places.hold("five") {} }
            // A place of another key is one for whoever may have it: the first of "one" has to wait for its own.
            inside.letOneGo()
            inside.letOneGo()
            inside.letOneGo()
            try await eventually("the next") { places.counts.waiting <= 1 }
            while inside.all < 6 {
                inside.letAllGo()
                await Task.yield()
            }
            inside.letAllGo()
            try await group.waitForAll()
        }
        #expect(inside.most <= 3)
        #expect(places.counts == (0, 0, 0))
    }

    @Test func aPlaceOfAllGoesToWhoHasWaitedLongestAndMayHaveIt() async throws {
        let places = Line(Line.Limits(ofKey: { $0 == "wide" ? 2 : 1 }, inAll: 2))
        let (busy, others) = (Inside(), Inside())
        let order = Notes<String>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await places.hold("narrow", busy.stay) }
            group.addTask { try await places.hold("wide", others.stay) }
            try await eventually("all places taken") { places.counts == (2, 0, 0) }
            for (number, key) in ["narrow", "wide", "other"].enumerated() {
                group.addTask { try await places.hold(key) { order.add(key) } }
                try await eventually("its wait") { places.counts.waiting == number + 1 }
            }
            others.letAllGo()
            try await eventually("those who may") { places.counts == (1, 1, 0) }
            busy.letAllGo()
            try await group.waitForAll()
        }
        #expect(order.all == ["wide", "other", "narrow"])
    }

    @Test func whoGivesUpWaitingTakesNoPlace() async throws {
        let (places, inside) = (Line(ofEach: 1), Inside())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await places.hold("one", inside.stay) }
            try await eventually("the first") { inside.now == 1 }
            let waiting = Task { try await places.hold("one") {} }
            try await eventually("the second") { places.counts.waiting == 1 }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            #expect(places.counts == (1, 0, 0))
            inside.letAllGo()
            try await group.waitForAll()
        }
        try await places.hold("one") {}
        #expect(places.counts == (0, 0, 0))
    }

    @Test func noPlaceIsLostWhateverIsCancelledWhen() async throws {
        let places = Places<Int>(Places<Int>.Limits(ofKey: { $0 + 1 }, inAll: 3))
        let random = SeededRandomSource(seed: 5)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<400 {
                let task = Task { try? await places.hold(number % 3) { for _ in 0..<3 { await Task.yield() } } }
                if random.jittered(.seconds(10)) > .seconds(10) { group.addTask { task.cancel() } }
                group.addTask { _ = await task.value }
            }
        }
        #expect(places.counts == (0, 0, 0))
    }

    @Test func whoStepsAsideMakesPlaceAndStaysBounded() async throws {
        let places = Line(Line.Limits(ofKey: { _ in 2 }, aside: 1))
        let (slow, next) = (Inside(), Inside())
        let held = Notes<Line.Place>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    try await places.hold("one") { place in
                        held.add(place)
                        await slow.stay()
                    }
                }
            }
            try await eventually("both places taken") { slow.now == 2 }
            for _ in 0..<2 { group.addTask { try await places.hold("one", next.stay) } }
            try await eventually("two waiting") { places.counts == (2, 2, 0) }
            // Each as often as it likes; but only one may.
            for place in held.all + held.all { place.stepAside() }
            try await eventually("one of them through") { places.counts == (2, 1, 1) && next.now == 1 }
            slow.letAllGo()
            try await eventually("the other") { places.counts == (2, 0, 0) && next.now == 2 }
            next.letAllGo()
            try await group.waitForAll()
        }
        // One that has left gives nothing back a second time.
        for place in held.all { place.stepAside() }
        #expect(places.counts == (0, 0, 0))
    }
}
