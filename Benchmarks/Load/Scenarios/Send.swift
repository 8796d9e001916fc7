import ArgumentParser

/// Many users send in many rooms.
struct Send: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Many users send in many rooms.")

    @OptionGroup var target: Target
    @Option(help: "Users.") var users = 16
    @Option(help: "Rooms.") var rooms = 32
    @Option(help: "Members of each room.") var membersPerRoom = 4
    @Option(help: "Messages that are measured.") var messages = 1000
    @Option(help: "Messages sent before, to warm caches.") var warmUp = 100

    func run() async throws {
        let server = Server(target)
        let world = try await server.makeWorld(users: users, rooms: rooms, membersPerRoom: membersPerRoom)
        let load = SendingLoad(server: server, world: world, target: target)
        let (report, succeeded) = try await load.measure("send", messages: messages, warmUp: warmUp)
        try finish(report, succeeded: succeeded)
    }
}
