import ApusTesting
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Testing

/// ATTACKS 17 (CVE-2022-31152, CVE-2022-36009): what power levels say is read as each version reads it, by the code that writes rooms.
///
/// `Tests/MatrixCoreTests/Authorization/Rules` proves each rule, `Tests/Differential` compares random power levels with another
/// implementation; here events of another server meet a room of ours.
@Suite struct PowerLevelAttackTests {
    /// What Bob, of another server, may do under some power levels.
    struct Trial: Sendable, CustomTestStringConvertible {
        /// Without `users`: those besides the creator, where the creator is named.
        let content: [String: JSONValue]
        /// Bob's own level, if he has one.
        var bob: JSONValue?
        let message: Bool
        let topic: Bool
        let kick: Bool
        let levels: Bool
        /// Whether anything but a number is among the levels.
        var isOdd = false

        var testDescription: String { "\(content), Bob \(bob.map { "\($0)" } ?? "-")" }
    }

    static let trials: [Trial] = [
        Trial(content: [:], message: true, topic: false, kick: false, levels: false),
        Trial(content: [:], bob: 50, message: true, topic: true, kick: true, levels: true),
        Trial(content: [:], bob: 49, message: true, topic: false, kick: false, levels: false),
        Trial(content: ["events_default": 1], message: false, topic: false, kick: false, levels: false),
        Trial(
            content: ["events_default": 50, "events": ["m.room.message": 0]], message: true, topic: false, kick: false,
            levels: false),
        Trial(content: ["events": ["m.room.message": 1]], message: false, topic: false, kick: false, levels: false),
        // Carol is as high as Bob then.
        Trial(content: ["users_default": 50], message: true, topic: true, kick: false, levels: true),
        Trial(content: ["users_default": 50], bob: 0, message: true, topic: false, kick: false, levels: false),
        Trial(content: ["users_default": -1], message: false, topic: false, kick: false, levels: false),
        Trial(content: ["state_default": 0], message: true, topic: true, kick: false, levels: true),
        Trial(
            content: ["state_default": 0, "events": ["m.room.topic": 1, "m.room.power_levels": 1]], message: true,
            topic: false, kick: false, levels: false),
        Trial(content: ["kick": 0], bob: 1, message: true, topic: false, kick: true, levels: false),
        // Whoever is as high as the other cannot put them out.
        Trial(content: ["kick": 0], bob: 0, message: true, topic: false, kick: false, levels: false),
        Trial(content: ["state_default": "0"], message: true, topic: true, kick: false, levels: true, isOdd: true),
        Trial(content: [:], bob: "50", message: true, topic: true, kick: true, levels: true, isOdd: true),
        Trial(content: [:], bob: " +0050 ", message: true, topic: true, kick: true, levels: true, isOdd: true),
        Trial(content: ["events_default": "1"], message: false, topic: false, kick: false, levels: false, isOdd: true),
    ]

    @Test(arguments: [RoomVersion.v3, .v5, .v6, .v9, .v10, .v11, .v12])
    func decideWhatOthersMayDo(version: RoomVersion) async throws {
        try await TestInstallation.with { installation in
            let worker = try await installation.worker()
            for trial in Self.trials { try await check(trial, in: try await SharedRoom(worker, version: version)) }
            await worker.pool.close()
        }
    }

    private func check(_ trial: Trial, in shared: SharedRoom) async throws {
        var room = shared
        let version = room.view.version
        var content = trial.content
        // Creators stand above everybody since version 12, and must not be named.
        var users: [String: JSONValue] = version == .v12 ? [:] : [room.alice.userID.description: 100]
        users[room.bob.description] = trial.bob
        content["users"] = .object(users)
        let isRefused = trial.isOdd && [RoomVersion.v10, .v11, .v12].contains(version)
        do {
            room.view.see(try await room.set(EventType.powerLevels, "", .object(content)))
            #expect(!isRefused, "\(trial.testDescription)")
        } catch let error as MatrixError {
            #expect(isRefused, "\(trial.testDescription): \(error)")
            return
        }
        let before = room.view
        func isWritten(_ type: String, _ key: String?, _ content: JSONValue) async throws -> Bool {
            // Each on what was before: one does not help the next.
            var fork = before
            let event = try fork.send(type, stateKey: key, content, as: room.bob, of: room.one)
            switch try await room.receive(event) {
            case .written: return true
            // By the room as it is by now; the event itself was allowed.
            case .softFailed: return true
            default: return false
            }
        }
        let note: Comment = "version \(version.identifier), \(trial.testDescription)"
        var raised = content
        raised["events_default"] = 0
        raised["ban"] = 0
        var usurped = raised
        users[room.bob.description] = 1_000_000
        usurped["users"] = .object(users)
        let kick: JSONValue = ["membership": "leave"]
        #expect(try await !isWritten(EventType.powerLevels, "", .object(usurped)), note)
        #expect(try await isWritten(EventType.message, nil, ["body": "x"]) == trial.message, note)
        #expect(try await isWritten(EventType.topic, "", ["topic": "x"]) == trial.topic, note)
        #expect(try await isWritten(EventType.member, room.carol.description, kick) == trial.kick, note)
        #expect(try await isWritten(EventType.powerLevels, "", .object(raised)) == trial.levels, note)
    }
}
