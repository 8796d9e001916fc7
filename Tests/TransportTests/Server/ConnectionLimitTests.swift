import HTTPAPI
import NIOCore
import Testing
import Transport

/// Clients that only hold on (ATTACKS 21): each way of doing so ends.
@Suite struct ConnectionLimitTests {
    @Test func silenceEnds() async throws {
        try await ServerFixture.run {
            $0.limits.firstHead = .milliseconds(200)
        } _: { fixture in
            let connection = try await fixture.connect()
            #expect(try await connection.untilEnd() == "")
        }
    }

    @Test func slowHeadsEnd() async throws {
        try await ServerFixture.run {
            $0.limits.firstHead = .milliseconds(300)
        } _: { fixture in
            let connection = try await fixture.connect()
            let head = Array("GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: " + String(repeating: "a", count: 300))
            for character in head where !connection.isEnded {
                try? await connection.send(String(character))
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(connection.isEnded)
            #expect(connection.received.isEmpty)
        }
    }

    @Test func slowBodiesEnd() async throws {
        try await ServerFixture.run {
            $0.limits.bodyGrace = .milliseconds(300)
        } _: { fixture in
            let connection = try await fixture.connect()
            try await connection.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n")
            for _ in 0..<300 where !connection.isEnded {
                try? await connection.send("x")
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(connection.isEnded)
        }
    }

    @Test func idleConnectionsEndButNotThoseThatWaitForAnAnswer() async throws {
        try await ServerFixture.run {
            $0.limits.idle = .milliseconds(200)
        } _: { fixture in
            let poll = try await fixture.connect()
            try await poll.send("GET /poll HTTP/1.1\r\nHost: x\r\n\r\n")
            let idle = try await fixture.connect()
            try await idle.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await idle.untilEnd()?.hasSuffix("OK\n") == true)
            #expect(!poll.isEnded)
            fixture.events.drain()
            #expect(try await poll.wait { $0.hasSuffix("early") }.hasSuffix("early"))
        }
    }

    @Test func whoReadsNothingIsCutOff() async throws {
        try await ServerFixture.run {
            $0.limits.stalledWrite = .milliseconds(300)
        } _: { fixture in
            let connection = try await fixture.connect()
            try await connection.stopReading()
            try await connection.send("GET /stream?100000,65536 HTTP/1.1\r\nHost: x\r\n\r\n")
            try await fixture.events.wait(for: "chunk")
            // Only so much is made ahead of what is read, and the server can end because the connection did.
            try await Task.sleep(for: .milliseconds(800))
            let made = fixture.events.count("chunk")
            #expect(made < 2000)
            try await Task.sleep(for: .milliseconds(200))
            #expect(fixture.events.count("chunk") == made)
        }
    }

    @Test func workForAClientThatHasGoneIsCancelled() async throws {
        try await ServerFixture.run {
            $0.limits.afterInputClosed = .milliseconds(50)
        } _: { fixture in
            let connection = try await fixture.connect()
            try await connection.send("GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n")
            try await fixture.events.wait(for: "stuck")
            try await connection.close()
            try await fixture.events.wait(for: "cancelled")
        }
    }
}
