import ApusTesting
import MatrixCore
import Rooms
import Storage
import Sync
import Testing

struct SyncAnswerPiecesTests {
    @Test func thePiecesAreTheAnswer() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let long = String(repeating: "long ", count: 4_000)
                for number in 0..<12 {
                    let room = try await worker.room(by: alice, members: number % 3 == 0 ? [] : [bob])
                    for _ in 0..<3 { try await worker.say(long, in: room, as: alice) }
                    if number % 3 == 0 { try await worker.rooms.invite(bob.userID, to: room, by: alice) }
                    if number % 3 == 1 { try await worker.rooms.leave(room, as: bob) }
                }
                for filter in [#"{"room":{"include_leave":true}}"#, #"{"room":{"rooms":[]}}"#] {
                    var request = SyncRequest(user: bob.nid, deviceID: "D")
                    request.filter = filter
                    let answer = try await worker.sync.sync(request)
                    var pieces: [[UInt8]] = []
                    for try await piece in SyncAnswerPieces(answer) { pieces.append(piece) }
                    #expect(Array(pieces.joined()) == JSONWriter.write { answer.write(to: &$0) })
                    #expect(pieces.count >= (answer.joined.isEmpty ? 1 : 3))
                }
            }
        }
    }
}
