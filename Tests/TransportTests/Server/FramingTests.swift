import HTTPAPI
import NIOCore
import Testing
import Transport

/// ATTACKS 11 (CVE-2020-10108, CVE-2020-10109, CVE-2024-41671): what two parsers could read differently is refused, and
/// pipelined answers keep their order.
@Suite struct FramingTests {
    private static let smuggled = "GET /who/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"

    @Test(arguments: [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "Content-Length: 0\r\nContent-Length: 43\r\n\r\n", "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        "Content-Length: 0, 0\r\n\r\n", "Content-Length: +0\r\n\r\n", "Content-Length: -1\r\n\r\n",
        "Content-Length: 0x0\r\n\r\n", "Content-Length: 99999999999999999999\r\n\r\n", "Content-Length:\r\n\r\n",
        "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "Transfer-Encoding: identity\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "X: a\r\n folded: b\r\n\r\n",
        "Content-Length: 0\r\nHost: y\r\n\r\n", "X: a\u{0}b\r\n\r\n", "no colon here\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n", "Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\nx",
    ]) func refusesAmbiguousFraming(rest: String) async throws {
        try await ServerFixture.run { fixture in
            let connection = try await fixture.connect()
            try await connection.send("POST /echo HTTP/1.1\r\nHost: x\r\n" + rest + Self.smuggled)
            let text = try #require(try await connection.untilEnd())
            let answers = RawConnection.answers(in: text)
            #expect(answers.count == 1, "\(text)")
            #expect(answers.first?.hasPrefix("400") == true, "\(text)")
            #expect(!text.contains("smuggled"))
        }
    }

    @Test(arguments: [
        "GET /who/x HTTP/1.1\r\n\r\n", "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET who/x HTTP/1.1\r\nHost: x\r\n\r\n", "nonsense\r\n\r\n", "GET /who/x HTTP/1.1 x\r\nHost: x\r\n\r\n",
        "GET /who/x\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\r\n\r\n", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
    ]) func refusesMalformedHeads(request: String) async throws {
        try await ServerFixture.run { fixture in
            let connection = try await fixture.connect()
            try await connection.send(request)
            let text = try #require(try await connection.untilEnd())
            #expect(text.contains(" 400 Bad Request\r\n"), "\(text)")
            #expect(text.contains("Connection: close\r\n"))
        }
    }

    @Test func refusesHeadsBeyondTheLimits() async throws {
        try await ServerFixture.run { fixture in
            let many = String(repeating: "X-A: b\r\n", count: 500)
            let long = "X-A: " + String(repeating: "b", count: 200_000) + "\r\n"
            for headers in [many, long] {
                let connection = try await fixture.connect()
                try? await connection.send("GET /who/x HTTP/1.1\r\nHost: x\r\n\(headers)\r\n")
                let text = try #require(try await connection.untilEnd())
                #expect(text.isEmpty || text.contains(" 400 "))
            }
        }
    }

    @Test func aHundredPipelinedRequestsAreAnsweredInOrder() async throws {
        try await ServerFixture.run { fixture in
            let connection = try await fixture.connect()
            var requests = ""
            for number in 0..<100 {
                if number % 3 == 0 {
                    requests +=
                        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nnumber:\(number < 10 ? "0" : "")\(number)"
                } else {
                    requests += "GET /who/\(number) HTTP/1.1\r\nHost: x\r\n\r\n"
                }
            }
            try await connection.send(requests)
            let text = try await connection.wait {
                RawConnection.answers(in: $0).count == 100 && $0.contains("number:99")
            }
            let answers = RawConnection.answers(in: text)
            try #require(answers.count == 100)
            for (number, answer) in answers.enumerated() {
                #expect(
                    answer.contains(number % 3 == 0 ? "number:\(number < 10 ? "0" : "")\(number)" : "/who/\(number)|"))
            }
        }
    }

    @Test func chunkedBodiesArriveWhole() async throws {
        try await ServerFixture.run { fixture in
            let connection = try await fixture.connect()
            try await connection.send(
                "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            try await connection.send("2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n")
            let text = try await connection.wait { $0.hasSuffix("abcde") }
            #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n") && text.hasSuffix("\r\n\r\nabcde"))
        }
    }
}
