import ApusTesting
import Encryption
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Sync
import Testing

/// Who is told of whose devices, in both syncs.
struct DeviceListTests {
    @Test func whoSharesARoomIsToldAndNobodyElse() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let (carol, dora) = (try await worker.user("carol"), try await worker.user("dora"))
                let room = try await worker.room(by: alice, members: [bob, dora])
                _ = try await worker.room(by: carol)
                try await worker.rooms.leave(room, as: dora)
                var since: [UserRecord: String] = [:]
                for user in [alice, bob, carol, dora] { since[user] = try await worker.sync(user).next }
                try await worker.changeDevices(of: alice)
                for (user, token) in since {
                    let told = try await worker.deviceLists(user, since: token)
                    #expect(told.changed == ([alice, bob].contains(user) ? [alice.name] : []), "\(user.name)")
                    #expect(told.left.isEmpty)
                    #expect(try await worker.deviceLists(user, since: told.next).changed.isEmpty)
                }
            }
        }
    }

    @Test func whoWaitsIsWoken() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob, carol) = (
                    try await worker.user("alice"), try await worker.user("bob"), try await worker.user("carol")
                )
                _ = try await worker.room(by: alice, members: [bob])
                _ = try await worker.room(by: carol)
                let (bobs, carols) = (try await worker.sync(bob).next, try await worker.sync(carol).next)
                async let woken = worker.deviceLists(bob, since: bobs, timeout: .seconds(20))
                async let asleep = worker.deviceLists(carol, since: carols, timeout: .milliseconds(300))
                try await Task.sleep(for: .milliseconds(50))
                try await worker.changeDevices(of: alice)
                #expect(try await woken.changed == [alice.name])
                #expect(try await asleep.changed.isEmpty)
            }
        }
    }

    @Test func roomsBeginAndCeaseToBeShared() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob, carol) = (
                    try await worker.user("alice"), try await worker.user("bob"), try await worker.user("carol")
                )
                let (one, two) = (try await worker.room(by: alice), try await worker.room(by: alice))
                try await worker.rooms.join(one, as: carol)
                var (alices, bobs) = (try await worker.sync(alice).next, try await worker.sync(bob).next)
                func expect(
                    _ alicesChanged: Set<String>, _ alicesLeft: Set<String>, _ bobsChanged: Set<String>,
                    _ bobsLeft: Set<String>, _ what: Comment
                ) async throws {
                    let (alicesNews, bobsNews) = (
                        try await worker.deviceLists(alice, since: alices),
                        try await worker.deviceLists(bob, since: bobs)
                    )
                    #expect(alicesNews.changed == alicesChanged && alicesNews.left == alicesLeft, what)
                    #expect(bobsNews.changed == bobsChanged && bobsNews.left == bobsLeft, what)
                    (alices, bobs) = (alicesNews.next, bobsNews.next)
                }
                try await worker.rooms.join(one, as: bob)
                try await expect([bob.name], [], [alice.name, carol.name], [], "bob came")
                try await worker.rooms.join(two, as: bob)
                try await expect([], [], [alice.name], [], "a second room is nothing new to who was there")
                try await worker.rooms.leave(one, as: bob)
                try await expect([], [], [], [carol.name], "alice is still there")
                try await worker.rooms.leave(two, as: bob)
                try await worker.changeDevices(of: alice)
                try await worker.changeDevices(of: bob)
                try await expect([alice.name], [bob.name], [bob.name], [alice.name], "no room is shared")
                try await worker.rooms.join(one, as: bob)
                try await worker.rooms.kick(bob.userID, from: one, by: alice, reason: nil)
                try await worker.rooms.join(one, as: bob)
                try await expect([bob.name], [], [alice.name, carol.name], [], "there and back")
                try await worker.rooms.leave(one, as: bob)
                try await worker.rooms.join(one, as: bob)
                try await expect([bob.name], [], [alice.name, carol.name], [], "away and back")
                try await worker.set(
                    EventType.member, bob.name, to: ["membership": "join", "displayname": "B"], in: one, as: bob)
                try await expect([], [], [], [], "a name is nothing")
                try await worker.rooms.ban(bob.userID, from: one, by: alice, reason: nil)
                try await expect([], [bob.name], [], [alice.name, carol.name], "banned")
                try await worker.rooms.unban(bob.userID, from: one, by: alice, reason: nil)
                try await worker.rooms.invite(bob.userID, to: one, by: alice)
                try await expect([], [], [], [], "an invitation shares nothing")
            }
        }
    }

    /// Tokens from before a worker began: all comes from the database.
    @Test func theDatabaseTellsTheSame() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let names = ["alice", "bob", "carol", "dora", "emil", "fritz"]
                var users: [UserRecord] = []
                for name in names { users.append(try await worker.user(name)) }
                let (alice, bob, carol, dora, emil, fritz) = (
                    users[0], users[1], users[2], users[3], users[4], users[5]
                )
                let room = try await worker.room(by: alice, members: [bob, carol])
                let other = try await worker.room(by: dora, members: [emil])
                let past = try await worker.room(by: fritz, members: [alice])
                let since = try await worker.sync(alice).next
                try await worker.changeDevices(of: bob)
                try await worker.rooms.leave(room, as: carol)
                try await worker.changeDevices(of: carol)
                try await worker.rooms.join(other, as: alice)
                try await worker.rooms.leave(past, as: alice)
                try await worker.sign([dora, emil], as: alice)
                try await worker.changeDevices(of: alice)
                try await installation.withWorker { fresh in
                    for reader in [worker, fresh] {
                        let told = try await reader.deviceLists(alice, since: since)
                        #expect(told.changed == [alice.name, bob.name, dora.name, emil.name])
                        #expect(told.left == [carol.name, fritz.name])
                        let changes = try await reader.keyChanges.changes(of: alice.nid, from: since, to: told.next)
                        #expect(Set(changes.changed.map(\.description)) == told.changed)
                        #expect(Set(changes.left.map(\.description)) == told.left)
                    }
                }
            }
        }
    }

    @Test func signaturesOfOthersAreTheSignersBusiness() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                _ = try await worker.room(by: alice, members: [bob])
                let (alices, bobs) = (try await worker.sync(alice).next, try await worker.sync(bob).next)
                try await worker.sign([bob], as: alice)
                #expect(try await worker.deviceLists(alice, since: alices).changed == [bob.name])
                #expect(try await worker.deviceLists(bob, since: bobs).changed.isEmpty)
            }
        }
    }

    @Test func slidingSyncTellsTheSameAndWhatItPassedOver() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
                let room = try await worker.room(by: alice, members: [bob])
                func slide(_ position: String?, asks: Bool = true, timeout: Duration = .zero) async throws
                    -> JSONDocument
                {
                    try await worker.slide(bob, at: position, timeout: timeout) { $0.extensions.endToEnd = asks }
                }
                try await worker.changeDevices(of: alice)
                var answer = try await slide(nil)
                #expect(answer.slidDeviceLists("changed") == nil, "the first answer tells none")
                let place = answer.position
                async let woken = worker.slide(bob, at: place, timeout: .seconds(20)) { $0.extensions.endToEnd = true }
                try await Task.sleep(for: .milliseconds(50))
                try await worker.changeDevices(of: alice)
                answer = try await woken
                #expect(answer.slidDeviceLists("changed") == [alice.name])
                // The same position again tells the same again.
                try await worker.changeDevices(of: alice)
                answer = try await slide(answer.position, asks: false)
                #expect(answer.slidDeviceLists("changed") == nil)
                try await worker.rooms.leave(room, as: alice)
                answer = try await slide(answer.position, asks: false)
                let (again, retried) = (try await slide(answer.position), try await slide(answer.position))
                #expect(again.slidDeviceLists("changed") == [] && again.slidDeviceLists("left") == [alice.name])
                #expect(retried.slidDeviceLists("left") == [alice.name])
                #expect(try await slide(again.position).slidDeviceLists("left") == [])
            }
        }
    }
}
