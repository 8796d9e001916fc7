import ApusTesting
import Cluster
import DeviceMessages
import MatrixCore
import Postgres
import RoomsTesting
import Storage
import Synchronization
import Telemetry
import Testing

/// Many devices write to each other on several workers, some of which are replaced meanwhile; everything is tried again at random.
struct ToDeviceSoakTests {
    private static let devices = 8
    private static let messages = 60

    /// A device that reads its inbox page by page, and sometimes asks again from where it was.
    private struct Reader {
        let name: String
        var seen: InboxPlace?
        var told: [(sender: String, number: Int)] = []

        init(name: String) { self.name = name }

        /// - Parameter repeats: whether the answer is taken for lost.
        mutating func read(through worker: MessageWorker, of user: UserRecord, repeats: Bool) async throws -> Bool {
            let page = try await worker.page(name, of: user, after: seen, limit: 7)
            guard !repeats, let last = page.messages.last else { return !page.isEmpty }
            told += zip(page.senders, page.numbers).map { (sender: $0, number: $1) }
            seen = last.place
            return true
        }
    }

    @Test(arguments: [UInt64(1), 2])
    func eachDeviceGetsEachMessageOnceAndInOrder(_ seed: UInt64) async throws {
        try await MessageWorker.with { first, database in
            let second = try await MessageWorker(database)
            let names = (0..<Self.devices).map { "D\($0)" }
            let bob = try await first.user("bob", devices: names)
            var senders: [UserRecord] = []
            for number in 0..<6 { senders.append(try await first.user("s\(number)")) }
            let sending = Sending()
            let told = try await withThrowingTaskGroup(of: Reader?.self) { group in
                for (index, sender) in senders.enumerated() {
                    group.addTask {
                        let dice = SeededRandomSource(seed: seed &* 100 &+ UInt64(index))
                        for number in 0..<Self.messages {
                            // An answer that was lost: the same again, on the other worker.
                            for _ in 0...(dice.bytes(1)[0] % 3) {
                                let worker = dice.bytes(1)[0] % 2 == 0 ? first : second
                                try await worker.send([(bob.userID, "*", number)], by: sender, "\(number)")
                            }
                        }
                        return nil
                    }
                }
                for (index, name) in names.enumerated() {
                    group.addTask {
                        let dice = SeededRandomSource(seed: seed &* 1000 &+ UInt64(index))
                        var reader = Reader(name: name)
                        var third = try await MessageWorker(database)
                        var hasMore = true
                        while !sending.isOver.load(ordering: .acquiring) || hasMore {
                            let die = dice.bytes(1)[0]
                            if die % 32 == 0 {
                                // This worker dies, and another takes its place.
                                await third.pool.close()
                                third = try await MessageWorker(database)
                            }
                            let worker = [first, second, third][Int(die % 3)]
                            hasMore = try await reader.read(through: worker, of: bob, repeats: die % 5 == 0)
                            if !hasMore { try await Task.sleep(for: .milliseconds(2)) }
                        }
                        await third.pool.close()
                        return reader
                    }
                }
                var readers: [Reader] = []
                var running = senders.count
                while let result = try await group.next() {
                    if let result {
                        readers.append(result)
                    } else {
                        running -= 1
                        if running == 0 { sending.isOver.store(true, ordering: .releasing) }
                    }
                }
                return readers
            }
            #expect(told.count == Self.devices)
            for reader in told {
                for sender in senders {
                    let numbers = reader.told.filter { $0.sender == sender.userID.description }.map(\.number)
                    #expect(numbers == Array(0..<Self.messages), "\(reader.name) of \(sender.userID), seed \(seed)")
                }
                _ = try await first.page(reader.name, of: bob, after: reader.seen)
            }
            #expect(try await first.count("device_messages") == 0)
            await second.pool.close()
        }
    }
}

/// Whether everything has been sent.
private final class Sending: Sendable {
    let isOver = Atomic(false)
}
