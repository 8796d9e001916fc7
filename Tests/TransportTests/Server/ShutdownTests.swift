import HTTPAPI
import NIOCore
import Telemetry
import Testing
import Transport

@Suite struct ShutdownTests {
    @Test func longPollsEndEarlyAndEverythingRunningFinishes() async throws {
        try await ServerFixture.run { fixture in
            let poll = try await fixture.connect()
            try await poll.send("GET /poll HTTP/1.1\r\nHost: x\r\n\r\n")
            let idle = try await fixture.connect()
            try await idle.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try await idle.wait { $0.hasSuffix("OK\n") }
            try await fixture.events.wait(for: "poll")
            fixture.server.shutDown()
            #expect(try await poll.untilEnd()?.hasSuffix("early") == true)
            #expect(try await idle.untilEnd() != nil)
            await #expect(throws: (any Error).self) {
                let late = try await fixture.connect()
                try await late.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                if try await late.untilEnd() == "" { throw ChannelError.eof }
            }
        }
    }

    @Test func whatTakesTooLongIsCancelled() async throws {
        try await ServerFixture.run {
            $0.shutdownLimit = .milliseconds(300)
        } _: { fixture in
            let connection = try await fixture.connect()
            try await connection.send("GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n")
            try await fixture.events.wait(for: "stuck")
            fixture.server.shutDown()
            try await fixture.events.wait(for: "cancelled")
            #expect(try await connection.untilEnd() != nil)
        }
    }

    @Test func anAddressThatIsTakenStopsTheStart() async throws {
        try await ServerFixture.run { fixture in
            let port = fixture.port
            await #expect(throws: (any Error).self) {
                try await ServerFixture.run({ $0.port = port }) { _ in Issue.record("it started") }
            }
        }
    }
}
