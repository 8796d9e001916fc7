import Ephemeral
import MatrixCore
import Telemetry
import Testing

@Suite struct PresenceTests {
    @Test func whoSyncsIsOnlineAndIdleAfterAWhile() async throws {
        let fixture = PresenceFixture()
        let process = fixture.process(1)
        try await fixture.running([process]) {
            #expect(process.alice == nil)
            await process.sync()
            #expect(process.alice?.state == .online && process.alice?.isCurrentlyActive == true)
            for _ in 0..<4 {
                try await fixture.pass(.seconds(25))
                await process.sync()
            }
            // A client that only polls is there, and its user need not be.
            #expect(process.alice?.state == .online && process.alice?.isCurrentlyActive == false)
            for _ in 0..<9 {
                try await fixture.pass(.seconds(25))
                await process.sync()
            }
            #expect(process.alice?.state == .unavailable)
            #expect((process.alice?.lastActiveAgo ?? .zero) >= .seconds(300))
            await process.act()
            #expect(process.alice?.state == .online && process.alice?.isCurrentlyActive == true)
            #expect(process.alice?.lastActiveAgo == .zero)
        }
    }

    @Test func whoeverStopsAskingIsGone() async throws {
        let fixture = PresenceFixture()
        let process = fixture.process(1)
        try await fixture.running([process]) {
            await process.sync(for: .seconds(30))
            try await fixture.pass(.seconds(55))
            #expect(process.alice?.state == .online)
            try await fixture.pass(.seconds(10))
            #expect(process.alice?.state == .offline)
            #expect(process.alice?.lastActiveAgo != nil, "when the user was there is known all the same")
            #expect(process.presence.present(atMost: 10).isEmpty)
        }
    }

    @Test func pollingTellsOthersNextToNothing() async throws {
        let fixture = PresenceFixture()
        let process = fixture.process(1)
        try await fixture.running([process]) {
            await process.sync()
            try await fixture.pass(.seconds(3))
            let sent = fixture.hints.sent
            for _ in 0..<40 {
                try await fixture.pass(.seconds(30))
                await process.sync()
            }
            // 20 minutes: a renewal every two and a half, and two changes on the way to being idle.
            #expect(fixture.hints.sent - sent <= 12, "\(fixture.hints.sent - sent)")
            #expect(process.alice?.state == .unavailable)
        }
    }

    @Test func nobodyIsWokenBecauseSomebodyDoesNothing() async throws {
        let fixture = PresenceFixture()
        let process = fixture.process(1)
        try await fixture.running([process]) {
            await process.sync(for: .seconds(1000))
            try await fixture.pass(.seconds(310))
            #expect(process.alice?.state == .unavailable)
            #expect(process.changes.all.map(\.news).filter { $0 != .none } == [.state, .activity, .activity])
            await process.sync(as: .unavailable, for: .seconds(1000))
            await process.sync(for: .seconds(1000))
            #expect(process.changes.all.last?.news == .state, "but because somebody is back")
        }
    }

    @Test func activityIsToldOnceInAWhile() async {
        let fixture = PresenceFixture()
        let process = fixture.process(1)
        await process.sync()
        let sent = fixture.hints.sent
        for _ in 0..<100 { await process.act() }
        #expect(fixture.hints.sent == sent)
        fixture.clock.advance(by: .seconds(31))
        await process.act()
        #expect(fixture.hints.sent == sent + 1)
        #expect(process.changes.news == 1, "others see no difference")
    }

    @Test func whoeverWantsNotToBeSeenIsNot() async {
        let process = PresenceFixture().process(1)
        await process.sync(as: .offline)
        await process.act()
        #expect(process.alice == nil)
    }

    @Test func ofSeveralDevicesTheOneCountsThatSaysMost() async throws {
        let fixture = PresenceFixture()
        let process = fixture.process(1)
        try await fixture.running([process]) {
            await process.sync("phone", as: .unavailable, for: .seconds(120))
            #expect(process.alice?.state == .unavailable)
            await process.sync("laptop", for: .seconds(1))
            #expect(process.alice?.state == .online)
            try await fixture.pass(.seconds(36))
            #expect(process.alice?.state == .unavailable, "the laptop is gone")
            await process.sync("phone")
            #expect(process.alice?.state == .online, "the client says that its user is back")
        }
    }

    @Test func deviceMovesBetweenProcesses() async throws {
        let fixture = PresenceFixture()
        let (first, second) = (fixture.process(1), fixture.process(2))
        try await fixture.running([first, second]) {
            await first.sync(for: .seconds(10))
            #expect(second.alice?.state == .online)
            try await fixture.pass(.seconds(5))
            await second.sync(for: .seconds(100))
            // The first watched over it until then, and must not say that it is gone.
            try await fixture.pass(.seconds(60))
            #expect(first.alice?.state == .online && second.alice?.state == .online)
            #expect(first.alice?.state == second.alice?.state)
            try await fixture.pass(.seconds(80))
            #expect(first.alice?.state == .offline && second.alice?.state == .offline)
        }
    }

    @Test func whatADeadProcessWatchedOverEnds() async throws {
        let fixture = PresenceFixture()
        let (first, second) = (fixture.process(1), fixture.process(2))
        await first.sync()
        try await fixture.running([second]) {
            first.hints.cutOff()
            try await fixture.pass(.seconds(290))
            #expect(second.alice?.state == .online || second.alice?.state == .unavailable)
            try await fixture.pass(.seconds(20))
            #expect(second.alice?.state == .offline)
        }
    }

    @Test func aNewProcessIsToldWhoIsThere() async throws {
        let fixture = PresenceFixture()
        let first = fixture.process(1)
        await first.presence.set(
            PresenceFixture.alice, PresenceFixture.aliceNID, device: "D", to: .online, message: "in a meeting")
        await first.sync(for: .seconds(100))
        let second = fixture.process(2)
        #expect(second.alice == nil)
        try await fixture.running([first, second]) {
            try await fixture.pass(.seconds(12))
            #expect(second.alice?.state == .online)
            #expect(second.alice?.message == "in a meeting")
            #expect(second.changes.all.contains { $0.isOld })
            #expect(first.changes.news == 1, "who knows it already hears no news")
        }
    }

    @Test func messagesOfUsersStayUntilTheyAreChanged() async {
        let process = PresenceFixture().process(1)
        func set(_ state: PresenceState, _ message: String?) async {
            await process.presence.set(
                PresenceFixture.alice, PresenceFixture.aliceNID, device: "D", to: state, message: message)
        }
        await set(.online, "busy")
        await process.sync()
        await process.act()
        #expect(process.alice?.message == "busy")
        await set(.unavailable, nil)
        #expect(process.alice?.message == nil && process.alice?.state == .unavailable)
        await set(.offline, "gone fishing")
        #expect(process.alice?.message == "gone fishing" && process.alice?.state == .offline)
    }

    @Test func otherServersSayWhatTheirUsersAre() async throws {
        let fixture = PresenceFixture()
        let (first, second) = (fixture.process(1), fixture.process(2))
        func note(_ state: PresenceState, active: Bool = true) async {
            var status = PresenceStatus(userID: PresenceFixture.bob)
            status.state = state
            status.isCurrentlyActive = active
            status.lastActiveAgo = .seconds(10)
            status.message = "hi"
            await first.presence.note([(PresenceFixture.bobNID, status)])
        }
        try await fixture.running([first, second]) {
            await note(.online)
            let bob = second.presence.status(of: PresenceFixture.bobNID)
            #expect(bob?.state == .online && bob?.isCurrentlyActive == true && bob?.message == "hi")
            #expect(bob?.lastActiveAgo == .seconds(10))
            let sent = fixture.hints.sent
            for _ in 0..<10 { await note(.online) }
            #expect(fixture.hints.sent == sent, "repetitions are nobody's news")
            try await fixture.pass(.seconds(600))
            #expect(
                second.presence.status(of: PresenceFixture.bobNID)?.state == .online,
                "their server tells when they are idle")
            try await fixture.pass(.seconds(1300))
            #expect(second.presence.status(of: PresenceFixture.bobNID)?.state == .offline, "their server is silent")
        }
    }

    @Test func changesAreFoundBySerial() async {
        let process = PresenceFixture().process(1)
        await process.sync()
        let first = process.changes.all.last?.serial ?? 0
        #expect(process.presence.changed(after: 0, upTo: first, atMost: 10) == [PresenceFixture.aliceNID])
        #expect(process.presence.changed(after: first, upTo: .max, atMost: 10).isEmpty)
        await process.presence.set(
            PresenceFixture.alice, PresenceFixture.aliceNID, device: "D", to: .unavailable, message: nil)
        #expect(process.presence.changed(after: first, upTo: .max, atMost: 10) == [PresenceFixture.aliceNID])
        #expect(process.presence.changed(after: first, upTo: first, atMost: 10).isEmpty)
    }
}
