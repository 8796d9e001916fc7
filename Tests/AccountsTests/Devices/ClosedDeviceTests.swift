import Accounts
import ApusTesting
import Cluster
import HTTPAPI
import MatrixCore
import Postgres
import Storage
import Telemetry
import Testing

/// What is left of a device that has ended, by whichever way.
@Suite struct ClosedDeviceTests {
    /// Tables with a column `device_id` in which a device that ended may still be named, and why.
    private static let excepted = [
        "events",  // by whom something was sent, for its sender's eyes
        "delayed_events",  // what the user wants sent when a device goes silent
        "remote_devices",  // of users of other servers
        "abandoned_inboxes",  // inboxes that go in steps
    ]

    /// Every way in which devices end leaves the same: nothing.
    @Test(arguments: ["delete", "logout", "logout_all", "password", "deactivate"])
    func nothingIsLeft(_ way: String) async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let gone = try await worker.register("alice", device: "GONE", refresh: true)
                let kept = try await worker.logIn("alice", device: "KEPT", refresh: true)
                let (user, other) = (try await worker.user(gone), try await worker.user(kept))
                try await worker.fill(user.userNID, device: "GONE")
                try await worker.fill(user.userNID, device: "KEPT")
                let before = try await worker.tables(naming: "GONE", of: user.userNID)
                #expect(before.count >= 12)
                let (devices, lifecycle) = (worker.services.devices, worker.services.lifecycle)
                switch way {
                case "delete": try await devices.close(["GONE", "nowhere"], of: other)
                case "logout": try await devices.logOut(user)
                case "logout_all": try await devices.logOutEverywhere(other)
                case "password": try await lifecycle.changePassword(of: other, to: "x", closesOtherDevices: true)
                default: try await lifecycle.deactivate(user.userNID, erase: false)
                }
                let after = try await worker.tables(naming: "GONE", of: user.userNID)
                #expect(after.subtracting(Self.excepted).isEmpty, "left in \(after)")
                let ofOther = try await worker.tables(naming: "KEPT", of: user.userNID)
                if way == "logout_all" || way == "deactivate" {
                    #expect(ofOther.subtracting(Self.excepted).isEmpty, "left in \(ofOther)")
                } else {
                    // A user has one dehydrated device, and it was the other one. A new password ends what the old one allowed.
                    let ended = way == "password" ? ["dehydrated_devices", "auth_sessions"] : ["dehydrated_devices"]
                    #expect(ofOther == before.subtracting(ended))
                    #expect(try await worker.user(kept).deviceID == "KEPT")
                }
                if way == "deactivate" { #expect(ofOther.isDisjoint(with: ["delayed_events"])) }
                #expect(try await refusal { _ = try await worker.user(gone) }?.errcode == .unknownToken)
                let refresh = try #require(gone.tokens.refreshToken)
                #expect(try await refusal { _ = try await devices.refresh(refresh) }?.errcode == .unknownToken)
            }
        }
    }

    /// Where one would find out that a new table with devices was not thought of.
    @Test func allTablesWithDevicesAreFilledByTheTestAbove() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let user = try await worker.user(try await worker.register("alice", device: "GONE", refresh: true))
                try await worker.fill(user.userNID, device: "GONE")
                let filled = try await worker.tables(naming: "GONE", of: user.userNID)
                let all = try await worker.tablesWithDevices()
                #expect(all.subtracting(filled).subtracting(Self.excepted).isEmpty)
            }
        }
    }

    /// Those who know the user's devices are told, in the transaction in which it happens.
    @Test func devicesThatComeAndGoAreAnnounced() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let user = try await worker.user(try await worker.register("alice", device: "KEPT"))
                _ = try await worker.logIn("alice", device: "A")
                _ = try await worker.logIn("alice", device: "B")
                #expect(try await worker.announcements(of: user.userNID) == [["KEPT"], ["A"], ["B"]])
                // It is the same device that logs in once more.
                _ = try await worker.logIn("alice", device: "B")
                try await worker.services.devices.close(["A"], of: user)
                try await worker.services.devices.close(["A", "B", "C"], of: user)
                // Nothing ended, so there is nothing to tell.
                try await worker.services.devices.close(["B"], of: user)
                #expect(try await worker.announcements(of: user.userNID).dropFirst(3) == [["A"], ["B"]])
            }
        }
    }

    @Test func aNewNameIsAnnounced() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let user = try await worker.user(try await worker.register("alice", device: "A"))
                let devices = worker.services.devices
                try await devices.rename("A", of: user, to: "Phone")
                try await devices.rename("A", of: user, to: "Phone")
                #expect(try await worker.announcements(of: user.userNID) == [["A"], ["A"]])
                try await devices.rename("A", of: user, to: "Old phone")
                #expect(try await worker.announcements(of: user.userNID) == [["A"], ["A"], ["A"]])
                #expect(try await worker.stores.devices.device("A", of: user.userNID)?.displayName == "Old phone")
            }
        }
    }

    /// Whether there are devices or not: nobody is shown who somebody was that is gone.
    @Test(arguments: [false, true])
    func theKeysOfADeactivatedUserGoAndThatIsAnnounced(_ hasDevices: Bool) async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let user = try await worker.user(try await worker.register("alice", device: "A"))
                try await worker.giveCrossSigningKeys(to: user.userNID)
                if !hasDevices { try await worker.services.devices.logOut(user) }
                let before = try await worker.announcements(of: user.userNID).count
                let heard = HeardKinds()
                _ = worker.feed.observe { row in heard.note(row) }
                try await worker.services.lifecycle.deactivate(user.userNID, erase: false)
                #expect(try await worker.hasCrossSigningKeys(user.userNID) == false)
                let told = try await worker.announcements(of: user.userNID).dropFirst(before)
                #expect(told == [hasDevices ? ["A"] : []])
                #expect(heard.kinds.contains(.deviceLists))
            }
        }
    }

    /// Whoever follows the log hears of both at once, without looking for what a gap might hold.
    @Test func workersHearOfTheEndAndOfTheKeys() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let user = try await worker.user(try await worker.register("alice", device: "A"))
                try await worker.fill(user.userNID, device: "A")
                let heard = HeardKinds()
                _ = worker.feed.observe { row in heard.note(row) }
                _ = try await worker.logIn("alice", device: "B")
                #expect(heard.kinds == [.deviceLists])
                try await worker.services.devices.logOut(user)
                #expect(heard.kinds == [.deviceLists, .access, .deviceLists])
            }
        }
    }

    /// A device that comes back under its name has a new life: its keys, and what was sent to it, are not those of before.
    @Test func aSoftLogoutKeepsTheDevice() async throws {
        try await AccountFixture.with { fixture in
            try await fixture.withWorker { worker in
                let session = try await worker.register("alice", device: "PHONE", refresh: true)
                let user = try await worker.user(session)
                try await worker.fill(user.userNID, device: "PHONE")
                let before = try await worker.tables(naming: "PHONE", of: user.userNID)
                fixture.clock.advance(by: DeviceSessions.refreshableLifetime)
                let error = try await refusal { _ = try await worker.user(session) }
                #expect(error?.fields["soft_logout"] == true)
                let again = try await worker.logIn("alice", device: "PHONE", refresh: true)
                #expect(try await worker.user(again).deviceID == "PHONE")
                #expect(try await worker.tables(naming: "PHONE", of: user.userNID) == before)
            }
        }
    }
}
