import HTTPAPI
import HTTPTypes
import NIOCore
import Testing
import Transport

@Suite struct OutboundClientTests {
    private func text(_ response: OutboundResponse) -> String { String(buffer: response.body) }

    @Test func sendsBodiesAndReadsAnswers() async throws {
        try await ServerFixture.run { fixture in
            let client = try fixture.client()
            let response = try await client.send(
                OutboundRequest(.post, fixture.url("/echo"), body: ByteBuffer(string: "hello")))
            #expect(response.status == 200)
            #expect(text(response) == "hello")
            let missing = try await client.send(OutboundRequest(.get, fixture.url("/nowhere")))
            #expect(missing.status == 404 && text(missing).contains("M_UNRECOGNIZED"))
            client.shutDown()
        }
    }

    @Test func connectionsAreUsedAgainAndBounded() async throws {
        try await ServerFixture.run { fixture in
            let client = try fixture.client { $0.maximumIdleConnectionsPerDestination = 2 }
            for _ in 0..<5 { _ = try await client.send(OutboundRequest(.get, fixture.url("/health"))) }
            #expect(client.idleConnections == 1)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask { _ = try await client.send(OutboundRequest(.get, fixture.url("/health"))) }
                }
                try await group.waitForAll()
            }
            #expect(client.idleConnections <= 2)
            client.shutDown()
            #expect(client.idleConnections == 0)
        }
    }

    @Test func aConnectionThatItsServerClosedIsReplaced() async throws {
        try await ServerFixture.run {
            $0.limits.idle = .milliseconds(100)
        } _: { fixture in
            let client = try fixture.client()
            for _ in 0..<4 {
                #expect(try await client.send(OutboundRequest(.get, fixture.url("/health"))).status == 200)
                try await Task.sleep(for: .milliseconds(99))
            }
            client.shutDown()
        }
    }

    @Test func theHostNameNeedNotBeWhereItConnects() async throws {
        try await ServerFixture.run { fixture in
            let client = try fixture.client(names: ["backend.internal": ["127.0.0.1"]])
            var request = OutboundRequest(.get, try #require(OutboundURL("http://matrix.example/who/a")))
            request.destination = OutboundRequest.Destination(host: "backend.internal", port: fixture.port)
            #expect(text(try await client.send(request)).contains("|matrix.example|"))
            request.destination = OutboundRequest.Destination(host: "127.0.0.1", port: fixture.port)
            #expect(text(try await client.send(request)).contains("|matrix.example|"))
            client.shutDown()
        }
    }

    @Test func namesThatLeadNowhereSaySo() async throws {
        try await ServerFixture.run { fixture in
            let client = try fixture.client(names: ["dead.example": ["127.0.0.1"]])
            await #expect(throws: OutboundError.nameNotFound) {
                try await client.send(OutboundRequest(.get, try #require(OutboundURL("http://gone.example/"))))
            }
            // Port 1 of the loopback has no listener.
            let error = await #expect(throws: OutboundError.self) {
                try await client.send(OutboundRequest(.get, try #require(OutboundURL("http://dead.example:1/"))))
            }
            guard case .connectionFailed = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test(arguments: ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00::1", "0.0.0.0"])
    func privateAddressesAreNotReached(address: String) async throws {
        try await ServerFixture.run { fixture in
            let client = try fixture.client(
                { $0.addressPolicy = AddressPolicy(allowsPrivateAddresses: false) },
                names: ["inside.example": [address]])
            let literal = address.contains(":") ? "[\(address)]" : address
            for host in ["inside.example", literal] {
                await #expect(throws: OutboundError.addressRefused) {
                    try await client.send(
                        OutboundRequest(.get, try #require(OutboundURL("http://\(host):\(fixture.port)/health"))))
                }
            }
        }
    }

    @Test func addressesThatArePublicAreTriedWhereOthersAreRefused() async throws {
        try await ServerFixture.run { fixture in
            let client = try fixture.client(
                {
                    $0.addressPolicy = AddressPolicy(allowsPrivateAddresses: true)
                    $0.connectTimeout = .seconds(10)
                }, names: ["two.example": ["127.0.0.2", "127.0.0.1"]])
            // Nothing listens at the first; the second answers.
            #expect(
                try await client.send(
                    OutboundRequest(.get, try #require(OutboundURL("http://two.example:\(fixture.port)/health")))
                ).status == 200)
            client.shutDown()
        }
    }

    @Test func longAnswersAreCutOff() async throws {
        try await ServerFixture.run { fixture in
            let client = try fixture.client()
            for query in ["100,1000", "100,1000,100000"] {
                await #expect(throws: OutboundError.responseTooLarge) {
                    try await client.send(
                        OutboundRequest(.get, fixture.url("/stream?\(query)"), maximumResponseBytes: 50_000))
                }
            }
            let whole = try await client.send(
                OutboundRequest(.get, fixture.url("/stream?100,1000"), maximumResponseBytes: 100_000))
            #expect(whole.body.readableBytes == 100_000)
            client.shutDown()
        }
    }

    @Test func endlessAnswersEndAtTheDeadline() async throws {
        try await ServerFixture.run { fixture in
            let client = try fixture.client()
            await #expect(throws: OutboundError.timedOut) {
                try await client.send(OutboundRequest(.get, fixture.url("/stuck"), timeout: .milliseconds(200)))
            }
        }
    }

    @Test func aReaderThatIsSlowHoldsTheServerBack() async throws {
        try await ServerFixture.run { fixture in
            let client = try fixture.client()
            let request = OutboundRequest(
                .get, fixture.url("/stream?10000,65536"), maximumResponseBytes: 1 << 30)
            try await client.withResponse(to: request) { _, stream in
                var iterator = stream.makeAsyncIterator()
                #expect(try await iterator.next() != nil)
                try await Task.sleep(for: .milliseconds(300))
                #expect(fixture.events.count("chunk") < 1000)
            }
            #expect(client.idleConnections == 0)
        }
    }

    @Test func cancellingEndsTheRequest() async throws {
        try await ServerFixture.run {
            $0.limits.afterInputClosed = .milliseconds(50)
        } _: { fixture in
            let client = try fixture.client()
            let task = Task { try await client.send(OutboundRequest(.get, fixture.url("/stuck"))) }
            try await fixture.events.wait(for: "stuck")
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            try await fixture.events.wait(for: "cancelled")
        }
    }

    @Test func tooManyAtOnceAreRefused() async throws {
        try await ServerFixture.run {
            $0.limits.afterInputClosed = .milliseconds(50)
        } _: { fixture in
            let client = try fixture.client { $0.maximumRequests = 1 }
            let task = Task { try await client.send(OutboundRequest(.get, fixture.url("/stuck"))) }
            try await fixture.events.wait(for: "stuck")
            await #expect(throws: OutboundError.overloaded) {
                try await client.send(OutboundRequest(.get, fixture.url("/health")))
            }
            task.cancel()
            _ = await task.result
            #expect(try await client.send(OutboundRequest(.get, fixture.url("/health"))).status == 200)
            client.shutDown()
        }
    }
}
