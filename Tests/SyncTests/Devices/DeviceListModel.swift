import ApusTesting
import Encryption
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Sync
import Telemetry
import Testing

/// Who is in which rooms, and how often whose devices changed: read anew each time from the rooms' states.
struct DeviceListTruth {
    /// The newest version of each user's devices.
    private(set) var versions: [String: Int] = [:]
    let rooms: [RoomID]

    init(rooms: [RoomID]) { self.rooms = rooms }

    mutating func change(_ user: String) { versions[user, default: 0] += 1 }

    func version(of user: String) -> Int { versions[user] ?? 0 }

    /// With whom a user shares a room, the user included.
    func people(of user: String, _ worker: TestWorker) async throws -> Set<String> {
        var people: Set<String> = [user]
        for room in rooms {
            let members = try await members(of: room, worker)
            if members.contains(user) { people.formUnion(members) }
        }
        return people
    }

    func members(of room: RoomID, _ worker: TestWorker) async throws -> Set<String> {
        let record = try await worker.base.record(room)
        return Set(
            try await worker.rooms.reader.current(record)?.allEvents().compactMap { event in
                event.event.membership == .join ? event.event.stateKey : nil
            } ?? [])
    }
}

/// A client that looks at somebody's devices when it is told to, and forgets those whom it is told to forget. Copies are earlier
/// states of it: a client that lost an answer goes on from one.
struct DeviceListClient {
    enum Way { case sync, sliding, sometimesSliding }

    let user: UserRecord
    let way: Way
    private var place: String?
    /// The devices as it knows them.
    private(set) var known: [String: Int] = [:]

    init(_ user: UserRecord, _ way: Way) {
        self.user = user
        self.way = way
    }

    /// - Parameter met: who was ever in a room in which the user was.
    mutating func follow(
        through worker: TestWorker, _ truth: DeviceListTruth, met: Set<String>, asks: Bool, seed: UInt64
    ) async throws {
        let people = try await truth.people(of: user.name, worker)
        let (changed, left): (Set<String>, Set<String>)
        let isFirst = place == nil
        switch way {
        case .sync:
            let answer = try await worker.sync(user, since: place)
            (changed, left) = (answer.deviceLists("changed"), answer.deviceLists("left"))
            place = answer.next
        case .sliding, .sometimesSliding:
            let answer = try await worker.slide(user, at: place) {
                $0.extensions.endToEnd = way == .sliding || asks || isFirst
            }
            changed = answer.slidDeviceLists("changed") ?? []
            left = answer.slidDeviceLists("left") ?? []
            place = answer.position
        }
        #expect(changed.isSubset(of: people), "seed \(seed): told of strangers: \(changed.subtracting(people))")
        #expect(left.isDisjoint(with: people), "seed \(seed): told of a loss that is none")
        #expect(left.isSubset(of: met), "seed \(seed): told of the loss of strangers")
        // What was before the first answer a client asks for by itself.
        for person in isFirst ? people : changed { known[person] = truth.version(of: person) }
        for person in left { known[person] = nil }
    }

    /// Whether it knows the devices of all with whom the user shares a room, and of nobody else.
    func expectTruth(_ truth: DeviceListTruth, _ worker: TestWorker, seed: UInt64) async throws {
        let people = try await truth.people(of: user.name, worker)
        let expected = Dictionary(uniqueKeysWithValues: people.map { ($0, truth.version(of: $0)) })
        #expect(known == expected, "seed \(seed): \(user.name) by \(way)")
    }
}
