import HTTPAPI
import HTTPTypes
import NIOCore
import Testing
import Transport

@Suite struct HTTPServerTests {
    @Test func keepsConnectionsAlive() async throws {
        try await ServerFixture.run { fixture in
            let connection = try await fixture.connect()
            for number in 1...3 {
                try await connection.send("GET /who/n%2F\(number)?a=b HTTP/1.1\r\nHost: h:1\r\n\r\n")
                let text = try await connection.wait {
                    RawConnection.answers(in: $0).count == number && $0.hasSuffix("|-")
                }
                #expect(text.hasSuffix("\r\n\r\n/who/n%2F\(number)|a=b|h:1|127.0.0.1|-"))
            }
            #expect(connection.received.contains("Date: "))
            #expect(!connection.isEnded)
        }
    }

    @Test func closesWhenAskedTo() async throws {
        try await ServerFixture.run { fixture in
            for head in [
                "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET /health HTTP/1.0\r\n\r\n",
            ] {
                let connection = try await fixture.connect()
                try await connection.send(head)
                let text = try #require(try await connection.untilEnd())
                #expect(
                    text.contains(" 200 OK\r\n") && text.hasSuffix("OK\n") && text.contains("Connection: close\r\n"))
            }
        }
    }

    @Test func takesTargetsInAbsoluteForm() async throws {
        try await ServerFixture.run { fixture in
            let connection = try await fixture.connect()
            try await connection.send("GET http://other/who/a?b HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await connection.wait { $0.hasSuffix("|-") }.contains("/who/a|b|x|"))
        }
    }

    @Test func anAnswerToHeadHasNoBody() async throws {
        try await ServerFixture.run { fixture in
            let connection = try await fixture.connect()
            try await connection.send("HEAD /health HTTP/1.1\r\nHost: x\r\n\r\nGET /ready HTTP/1.1\r\nHost: x\r\n\r\n")
            let text = try await connection.wait { $0.contains("no database") }
            let answers = RawConnection.answers(in: text)
            #expect(answers.count == 2)
            #expect(answers.first?.contains("Content-Length: 3\r\n") == true)
            #expect(answers.first?.hasSuffix("\r\n\r\n") == true)
            #expect(answers.last?.hasPrefix("503 ") == true)
        }
    }

    @Test func bodiesAboveTheLimitAreRefusedAndTheConnectionGoesOn() async throws {
        try await ServerFixture.run { fixture in
            let connection = try await fixture.connect()
            let body = String(repeating: "x", count: 2000)
            try await connection.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n\(body)")
            #expect(try await connection.wait { $0.contains("M_TOO_LARGE") }.hasPrefix("HTTP/1.1 413 "))
            try await connection.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await connection.wait { $0.hasSuffix("OK\n") }.hasSuffix("OK\n"))
        }
    }

    @Test func aHugeBodyThatNobodyWantsIsCutOff() async throws {
        try await ServerFixture.run { configuration in
            configuration.limits.unwantedBodyBytes = 10_000
        } _: { fixture in
            let connection = try await fixture.connect()
            try await connection.send("POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
            #expect(try await connection.wait { $0.contains("M_FORBIDDEN") }.hasPrefix("HTTP/1.1 403 "))
            for _ in 0..<200 where !connection.isEnded {
                try? await connection.send(String(repeating: "x", count: 1000))
                try await Task.sleep(for: .milliseconds(1))
            }
            #expect(try await connection.untilEnd() != nil)
        }
    }

    @Test func goesAheadWhenAskedWhetherToContinue() async throws {
        try await ServerFixture.run { fixture in
            let connection = try await fixture.connect()
            try await connection.send(
                "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            #expect(try await connection.wait { $0.hasSuffix("\r\n\r\n") } == "HTTP/1.1 100 Continue\r\n\r\n")
            try await connection.send("hi")
            #expect(try await connection.wait { $0.hasSuffix("hi") }.contains("HTTP/1.1 200 OK\r\n"))
        }
    }

    @Test func streamsWithAndWithoutALength() async throws {
        try await ServerFixture.run { fixture in
            let connection = try await fixture.connect()
            try await connection.send("GET /stream?3,4 HTTP/1.1\r\nHost: x\r\n\r\n")
            var text = try await connection.wait { $0.hasSuffix("0\r\n\r\n") }
            #expect(text.lowercased().contains("transfer-encoding: chunked") && text.contains("4\r\nxxxx\r\n"))
            try await connection.send("GET /stream?3,4,12 HTTP/1.1\r\nHost: x\r\n\r\n")
            text = try await connection.wait { $0.hasSuffix("xxxxxxxxxxxx") }
            #expect(text.contains("Content-Length: 12\r\n") && text.hasSuffix("\r\n\r\nxxxxxxxxxxxx"))
            let old = try await fixture.connect()
            try await old.send("GET /stream?3,4 HTTP/1.0\r\n\r\n")
            #expect(try await old.untilEnd()?.hasSuffix("\r\n\r\nxxxxxxxxxxxx") == true)
        }
    }

    @Test(arguments: ["3,4,13", "3,4,11"]) func aStreamThatBelieItsLengthEndsTheConnection(query: String) async throws {
        try await ServerFixture.run { fixture in
            let connection = try await fixture.connect()
            try await connection.send(
                "GET /stream?\(query) HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            let text = try #require(try await connection.untilEnd())
            #expect(RawConnection.answers(in: text).count == 1)
        }
    }

    @Test func aProxyOnOurNetworkNamesTheClient() async throws {
        try await ServerFixture.run { fixture in
            let connection = try await fixture.connect()
            try await connection.send(
                "GET /who/a HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 1.1.1.1, 203.0.113.9\r\n\r\n")
            #expect(try await connection.wait { $0.hasSuffix("|-") }.hasSuffix("|203.0.113.9|-"))
            try await connection.send("GET /who/b HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: nonsense\r\n\r\n")
            #expect(
                try await connection.wait { $0.contains("/who/b|") && $0.hasSuffix("|-") }.hasSuffix("|127.0.0.1|-"))
        }
    }
}
