import ApusTesting
import Cluster
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Sync
import Testing

/// Invites that a user does not want to be told of.
struct HiddenInviteTests {
    private func set(_ type: String, _ content: String, of user: UserRecord, _ worker: TestWorker) async throws {
        let outcome = try await worker.accountData.set(type, in: nil, of: user, to: Array(content.utf8), now: 1)
        guard case .written(let position?) = outcome else { throw TestingError("not written") }
        worker.feed.announce(.accountData, at: position, user: user.nid)
    }

    @Test func aPendingInviteIsHiddenWhileInvitesAreBlocked() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice)
                try await worker.rooms.invite(bob.userID, to: room, by: alice)
                #expect(try await worker.sync(bob).room(room, "invite") != nil)
                try await set("m.invite_permission_config", #"{"default_action":"block"}"#, of: bob, worker)
                #expect(try await worker.sync(bob).room(room, "invite") == nil)
                try await set("m.invite_permission_config", "{}", of: bob, worker)
                #expect(try await worker.sync(bob).room(room, "invite") != nil)
            }
        }
    }

    /// Nor is it counted, or takes a place in a window.
    @Test func aHiddenInviteIsInNoList() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let own = try await worker.room(by: bob)
                let room = try await worker.room(by: alice)
                try await worker.rooms.invite(bob.userID, to: room, by: alice)
                let open = try await worker.slide(bob, list: .newest(1))
                #expect(open.count() == 2 && open.slid(room) != nil)
                try await set("m.invite_permission_config", #"{"default_action":"block"}"#, of: bob, worker)
                let config = SlidingRoomConfig(timelineLimit: 1, requiredState: .nothing)
                let hidden = try await worker.slide(bob) {
                    $0.lists["list"] = .newest(1)
                    $0.subscriptions[room] = config
                }
                #expect(hidden.count() == 1 && hidden.slid(room) == nil && hidden.slid(own) != nil)
            }
        }
    }

    @Test func anIgnoredInviteIsWrittenAndNotShown() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice)
                let type = "org.matrix.msc4155.invite_permission_config"
                try await set(type, #"{"ignored_users":["@alice:*"]}"#, of: bob, worker)
                try await worker.rooms.invite(bob.userID, to: room, by: alice)
                #expect(try await worker.sync(bob).room(room, "invite") == nil)
                let record = try #require(try await worker.rooms.reader.room(room))
                #expect(try await worker.rooms.reader.current(record)?.membership(of: bob.userID) == .invite)
                try await set(type, #"{"enabled":false,"ignored_users":["@alice:*"]}"#, of: bob, worker)
                #expect(try await worker.sync(bob).room(room, "invite") != nil)
            }
        }
    }
}
