import Synchronization

/// Users and rooms made for one run.
struct World: Sendable {
    let users: [MatrixUser]
    let rooms: [String]
    /// How many users each room has; room `r` has the users `r`, `r + 1`, ... modulo their number.
    let membersPerRoom: Int

    func member(_ number: Int, ofRoom room: Int) -> MatrixUser {
        users[(room + number % membersPerRoom) % users.count]
    }
}

extension Server {
    /// `name` distinguishes the users of several worlds of one run.
    func makeWorld(users: Int, rooms: Int, membersPerRoom: Int, named name: String = "load") async throws -> World {
        let members = min(users, membersPerRoom)
        let people = try await collect(users) { number, connection in
            try await connection.register(name: "\(name)-\(run)-\(number)", secret: sharedSecret)
        }
        let places = try await collect(rooms) { number, connection in
            try await connection.createRoom(by: people[number % users], name: "Load \(run) \(number)")
        }
        let world = World(users: people, rooms: places, membersPerRoom: members)
        // Rooms before members: neighbours in this order join different rooms, so that they do not race.
        try await prepare(rooms * (members - 1)) { number, connection in
            let room = number % rooms
            try await connection.join(places[room], as: world.member(1 + number / rooms, ofRoom: room))
        }
        return world
    }

    /// A sync token of each user, after everything that preparation caused has been seen.
    ///
    /// Of the second sync: what the first one itself causes (a device list, presence) is behind that token.
    func startingPoints(of users: [MatrixUser]) async throws -> [String] {
        try await collect(users.count) { number, connection in
            var token: String?
            for _ in 0..<2 {
                let answer = try await connection.sync(
                    as: users[number], since: token, timeoutMilliseconds: 0,
                    filter: "{\"room\": {\"timeline\": {\"limit\": 1}}}")
                token = try SyncPage(answer.bytes).nextBatch
            }
            return token ?? ""
        }
    }

    /// Makes `count` of something, and gives them in order.
    func collect<Made: Sendable>(
        _ count: Int, _ make: @escaping @Sendable (Int, MatrixConnection) async throws -> Made
    ) async throws -> [Made] {
        let made = Mutex<[Int: Made]>([:])
        try await prepare(count) { number, connection in
            let one = try await make(number, connection)
            made.withLock { $0[number] = one }
        }
        let found = made.withLock { $0 }
        return (0..<count).compactMap { found[$0] }
    }
}
