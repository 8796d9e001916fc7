import ArgumentParser

/// Many users send in one room.
struct Hot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Many users send in one room.")

    @OptionGroup var target: Target
    @Option(help: "Members of the room; all of them send.") var users = 16
    @Option(help: "Messages that are measured.") var messages = 1000
    @Option(help: "Messages sent before, to warm caches.") var warmUp = 100

    func run() async throws {
        let server = Server(target)
        let world = try await server.makeWorld(users: users, rooms: 1, membersPerRoom: users)
        let load = SendingLoad(server: server, world: world, target: target)
        let (report, succeeded) = try await load.measure("hot", messages: messages, warmUp: warmUp)
        try finish(report, succeeded: succeeded)
    }
}
