import ApusTesting
import Encryption
import MatrixCore
import Postgres
import Storage
import Telemetry
import Testing

@Suite struct KeyBackupsTests {
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#server-side-key-backups
    @Test(arguments: [
        // What is there, what comes, and whether that stays.
        (Key(), Key(isVerified: true, index: 9, forwarded: 9), true),
        (Key(isVerified: true, index: 9, forwarded: 9), Key(), false),
        (Key(index: 2, forwarded: 0), Key(index: 1, forwarded: 9), true),
        (Key(index: 1, forwarded: 9), Key(index: 2, forwarded: 0), false),
        (Key(isVerified: true, index: 2), Key(isVerified: true, index: 1, forwarded: 1), true),
        (Key(index: 1, forwarded: 2), Key(index: 1, forwarded: 1), true),
        (Key(index: 1, forwarded: 1), Key(index: 1, forwarded: 2), false),
        (Key(index: 1, forwarded: 1), Key(index: 1, forwarded: 1), false),
    ])
    func theBetterKeyStays(_ first: Key, _ second: Key, _ isReplaced: Bool) async throws {
        try await BackupWorker.with { worker in
            let version = try await worker.backup()
            var (first, second) = (first, second)
            (first.data, second.data) = ("first", "second")
            let before = try await worker.put([first], in: version)
            let after = try await worker.put([second], in: version)
            #expect(after.keyCount == 1)
            #expect((after.etag != before.etag) == isReplaced)
            let key = try JSONValue(
                parsing: await worker.backups.key(
                    room: first.room, session: first.session, in: version, of: worker.user.nid))
            let winner = isReplaced ? second : first
            #expect(
                key == [
                    "first_message_index": .integer(winner.index), "forwarded_count": .integer(winner.forwarded),
                    "is_verified": .bool(winner.isVerified), "session_data": winner.data,
                ])
        }
    }

    @Test func whatIsCountedIsExactWhoeverWrites() async throws {
        try await MigratedDatabase.with { database in
            try await BackupWorker.with(database) { one in
                try await BackupWorker.with(database) { other in
                    let version = try await one.backup()
                    // Each writes every session, in an order of its own, so half of what is written is there already.
                    let etags = try await withThrowingTaskGroup(of: [KeyBackup.Contents].self) { group in
                        for (number, worker) in [one, other, one, other].enumerated() {
                            group.addTask {
                                var seen: [KeyBackup.Contents] = []
                                for step in 0..<20 {
                                    let keys = (0..<10).map { Key(session: "s\((step * 10 + $0 + number * 50) % 200)") }
                                    seen.append(try await worker.put(keys, in: version))
                                }
                                return seen
                            }
                        }
                        return try await group.reduce(into: []) { $0 += $1 }
                    }
                    let backup = try await other.backups.backup(version, of: one.user.nid)
                    #expect(backup.contents.keyCount == 200)
                    #expect(try await one.contents(of: version).json["rooms"]?.object?.count == 1)
                    // Whoever was told the same etag was told of the same contents.
                    let counts = Dictionary(grouping: etags, by: \.etag).mapValues { Set($0.map(\.keyCount)) }
                    #expect(counts.values.allSatisfy { $0.count == 1 })
                    #expect(counts[backup.contents.etag] == [200])
                }
            }
        }
    }

    @Test func aThousandKeysAreOneStatement() async throws {
        let counter = StatementCounter()
        try await BackupWorker.with(observer: counter) { worker in
            let version = try await worker.backup()
            let keys = (0..<1000).map { Key(room: "!r\($0 % 7):example.org", session: "s\($0)") }
            let (contents, statements) = try await counter.counting { try await worker.put(keys, in: version) }
            #expect(contents.keyCount == 1000)
            #expect(statements == ["key_backups.put": 1])
            let all = try await worker.contents(of: version).json["rooms"]?.object ?? [:]
            #expect(all.count == 7)
            #expect(all.values.compactMap { $0["sessions"]?.object?.count }.reduce(0, +) == 1000)
        }
    }

    @Test func aLargeBackupComesInSmallPieces() async throws {
        try await BackupWorker.with { worker in
            let version = try await worker.backup()
            try await worker.pool.execute(Self.fill, worker.user.nid.rawValue, Int64(100_000))
            let (json, pieces) = try await worker.contents(of: version)
            let rooms = try #require(json["rooms"]?.object)
            #expect(rooms.count == 1000)
            #expect(rooms.values.allSatisfy { $0["sessions"]?.object?.count == 100 })
            #expect(pieces.count > 100_000 / KeyBackupStore.keysAtOnce)
            #expect(try #require(pieces.max()) < 100_000)
            let one = try await worker.contents(of: version, room: "!r500")
            #expect(one.json["sessions"] == rooms["!r500"]?["sessions"])
        }
    }

    /// The last page may be full, and a room may end with a page.
    @Test(arguments: [0, 1, 255, 256, 257, 512]) func piecesMakeOneObject(_ count: Int) async throws {
        try await BackupWorker.with { worker in
            let version = try await worker.backup()
            let keys = (0..<count).map { Key(room: "!\($0 / 128)", session: "\"\($0)") }
            _ = try await worker.put(keys, in: version)
            let rooms = try await worker.contents(of: version).json["rooms"]?.object
            #expect(rooms?.values.compactMap { $0["sessions"]?.object?.count }.reduce(0, +) == count)
            let first = try await worker.contents(of: version, room: "!0").json["sessions"]?.object
            #expect(first?.count == min(count, 128))
        }
    }

    @Test func onlyTheNewestBackupIsWrittenTo() async throws {
        try await BackupWorker.with { worker in
            let old = try await worker.backup()
            _ = try await worker.put([Key()], in: old)
            let new = try await worker.backup()
            let refused = await #expect(throws: MatrixError.self) { _ = try await worker.put([Key()], in: old) }
            #expect(refused?.errcode == .wrongRoomKeysVersion && refused?.status == 403)
            #expect(refused?.fields == ["current_version": .string(new)])
            #expect(try await worker.contents(of: old).json["rooms"]?.object?.count == 1)
            #expect(try await worker.contents(of: new).json == ["rooms": [:]])
            for unknown in ["99", "0\(new)", "+1", "", "x", "99999999999999999999"] {
                let error = await #expect(throws: MatrixError.self) { _ = try await worker.put([Key()], in: unknown) }
                #expect(error?.errcode == .notFound, "\(unknown)")
            }
            // The one before is the newest again.
            try await worker.backups.delete(new, of: worker.user.nid)
            #expect(try await worker.put([Key(session: "more")], in: old).keyCount == 2)
        }
    }

    @Test func deletingIsCheapAndWhatWasInItGoesInSteps() async throws {
        try await BackupWorker.with { worker in
            let version = try await worker.backup()
            try await worker.pool.execute(Self.fill, worker.user.nid.rawValue, Int64(2500))
            try await worker.backups.delete(version, of: worker.user.nid)
            #expect(try await worker.pool.query(Self.count).first?.get(0, Int64.self) == 2500)
            try await worker.backups.delete(version, of: worker.user.nid)
            let gone = await #expect(throws: MatrixError.self) {
                _ = try await worker.backups.backup(version, of: worker.user.nid)
            }
            #expect(gone?.errcode == .notFound)
            await #expect(throws: MatrixError.self) {
                try await worker.backups.delete("77", of: worker.user.nid)
            }
            // Its number is not given again.
            let next = try await worker.backup()
            #expect(next != version)
            _ = try await worker.put([Key()], in: next)
            var left: [Int64] = []
            while try await worker.store.purge() {
                left.append(try #require(try await worker.pool.query(Self.count).first).get(0, Int64.self))
            }
            #expect(left == [1501, 501, 1])
            #expect(try await worker.backups.backup(next, of: worker.user.nid).contents.keyCount == 1)
        }
    }

    @Test func keysAreDeletedAllOfARoomOrOne() async throws {
        try await BackupWorker.with { worker in
            let version = try await worker.backup()
            let keys = [Key(session: "a"), Key(session: "b"), Key(room: "!other", session: "a"), Key(room: "!x")]
            let full = try await worker.put(keys, in: version)
            let backups = worker.backups
            let nothing = try await backups.deleteKeys(room: "!none", in: version, of: worker.user.nid)
            #expect(nothing == full)
            let one = try await backups.deleteKeys(
                room: keys[0].room, session: "a", in: version, of: worker.user.nid)
            #expect(one.keyCount == 3 && one.etag != full.etag)
            #expect(try await backups.deleteKeys(room: "!other", in: version, of: worker.user.nid).keyCount == 2)
            let none = try await backups.deleteKeys(in: version, of: worker.user.nid)
            #expect(none.keyCount == 0)
            #expect(try await worker.contents(of: version).json == ["rooms": [:]])
            #expect(try await backups.deleteKeys(in: version, of: worker.user.nid) == none)
            #expect(try await worker.put([keys[0]], in: version).keyCount == 1)
            while try await worker.store.purge() {}
            #expect(try await worker.pool.query(Self.count).first?.get(0, Int64.self) == 1)
        }
    }

    @Test func nobodyReachesTheBackupOfSomebodyElse() async throws {
        try await BackupWorker.with { worker in
            let version = try await worker.backup()
            _ = try await worker.put([Key()], in: version)
            let other = try await BackupWorker.account("bob", worker.pool).nid
            let backups = worker.backups
            let attempts: [() async throws -> Void] = [
                { _ = try await backups.backup(nil, of: other) }, { _ = try await backups.backup(version, of: other) },
                { _ = try await backups.keys(in: version, of: other) },
                { _ = try await backups.key(room: Key().room, session: Key().session, in: version, of: other) },
                { _ = try await backups.deleteKeys(in: version, of: other) },
                { try await backups.delete(version, of: other) },
                { _ = try await backups.put(KeyBackupBatch([Key()]), in: version, of: other) },
            ]
            for attempt in attempts {
                let error = await #expect(throws: MatrixError.self) { try await attempt() }
                #expect(error?.errcode == .notFound)
            }
            #expect(try await backups.backup(version, of: worker.user.nid).contents.keyCount == 1)
        }
    }

    @Test func thereAreNotMoreBackupsThanThereMayBe() async throws {
        try await BackupWorker.with { worker in
            var versions: [String] = []
            for _ in 0..<KeyBackupStore.maxBackups { versions.append(try await worker.backup()) }
            let error = await #expect(throws: MatrixError.self) { _ = try await worker.backup() }
            #expect(error?.errcode == .resourceLimitExceeded)
            try await worker.backups.delete(versions[0], of: worker.user.nid)
            _ = try await worker.backup()
        }
    }

    @Test func nothingIsLeftOfTheBackupsOfADeactivatedAccount() async throws {
        try await BackupWorker.with { worker in
            let version = try await worker.backup()
            _ = try await worker.put([Key()], in: version)
            _ = try await AccountStore(pool: worker.pool).deactivate(worker.user, erase: false, now: 2)
            await #expect(throws: MatrixError.self) {
                _ = try await worker.backups.backup(version, of: worker.user.nid)
            }
            let error = await #expect(throws: MatrixError.self) { _ = try await worker.backup() }
            #expect(error?.errcode == .userDeactivated)
            while try await worker.store.purge() {}
            #expect(try await worker.pool.query(Self.count).first?.get(0, Int64.self) == 0)
        }
    }

    @Test func upkeepRemovesWhatWasDeleted() async throws {
        let clock = ManualClock()
        try await BackupWorker.with { worker in
            let version = try await worker.backup()
            try await worker.pool.execute(Self.fill, worker.user.nid.rawValue, Int64(2500))
            try await worker.backups.delete(version, of: worker.user.nid)
            let upkeep = KeyBackupUpkeep(store: worker.store, telemetry: .silent(clock: clock))
            try await withThrowingTaskGroup { group in
                group.addTask { await upkeep.run() }
                try await eventually {
                    clock.advance(by: .milliseconds(100))
                    return try await worker.pool.query(Self.count).first?.get(0, Int64.self) == 0
                }
                group.cancelAll()
            }
        }
    }

    /// Fills the newest backup of a user with keys of a hundred sessions a room.
    private static let fill = Statement(
        "test.fill_backup",
        """
        with backup as (
            update key_backups set key_count = $2 where user_nid = $1 and version = (
                select max(version) from key_backups where user_nid = $1) returning generation
        ) insert into backed_up_keys (user_nid, generation, room_id, session_id, is_verified, first_message_index,
                                      forwarded_count, session_data)
        select $1, b.generation, '!r' || n / 100, 's' || n, false, 0, 0, '{"ciphertext":"abc"}'
        from backup b, generate_series(0, $2 - 1) as n
        """)
    private static let count = Statement("test.count_backed_up", "select count(*) from backed_up_keys")
}
