import Directory
import MatrixCore
import Rooms
import Storage
import Testing

/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mutual_rooms
struct MutualRoomsTests {
    @Test func roomsOfBothAreListedPageByPage() async throws {
        try await DirectoryFixture.with { fixture in
            let (alice, bob) = (try await fixture.user("alice"), try await fixture.user("bob"))
            var shared: [RoomID] = []
            for _ in 0..<103 { shared.append(try await fixture.room(by: alice, members: [bob])) }
            _ = try await fixture.room(by: alice)
            let left = try await fixture.room(by: alice, members: [bob])
            try await fixture.rooms.leave(left, as: bob)
            let first = try await fixture.directory.mutualRooms(of: alice, and: bob.userID, from: nil)
            #expect(first.count == 103 && first.rooms.count == 100)
            let second = try await fixture.directory.mutualRooms(of: alice, and: bob.userID, from: first.nextBatch)
            #expect(first.nextBatch != nil && second.count == 103 && second.nextBatch == nil)
            #expect(first.rooms + second.rooms == shared)
        }
    }

    @Test func whoIsNobodySharesNothing() async throws {
        try await DirectoryFixture.with { fixture in
            let alice = try await fixture.user("alice")
            let nobody = try #require(UserID("@nobody:elsewhere.example"))
            let none = try await fixture.directory.mutualRooms(of: alice, and: nobody, from: nil)
            #expect(none.rooms.isEmpty && none.count == 0 && none.nextBatch == nil)
            func refused(_ user: UserID, from token: String? = nil) async throws -> Errcode? {
                try await refusal {
                    _ = try await fixture.directory.mutualRooms(of: alice, and: user, from: token)
                }?.errcode
            }
            #expect(try await refused(alice.userID) == .invalidParam)
            #expect(try await refused(try #require(UserID("@ü:elsewhere.example"))) == .invalidParam)
            for token in ["x", "m", "m-1", "m99999999999999999999"] {
                #expect(try await refused(nobody, from: token) == .invalidParam)
            }
        }
    }
}
