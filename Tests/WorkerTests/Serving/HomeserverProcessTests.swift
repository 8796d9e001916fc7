import ApusTesting
import HTTPAPI
import HTTPTypes
import NIOPosix
import ServerConfiguration
import Telemetry
import Testing
import Transport
import Worker

struct HomeserverProcessTests {
    @Test func servesAtItsListenerUntilItIsStopped() async throws {
        let port = try freePort()
        let listener = #"listeners: [{address: "127.0.0.1:\#(port)"}]"#
        try await TestConfiguration.onEmptyDatabase(listener) { configuration in
            let client = try Client(port: port)
            let process = Task { try await HomeserverProcess.serveAll(configuration) }
            try await eventually(within: .seconds(30), "readiness") { await client.status("/ready") == 200 }
            #expect(await client.status("/_matrix/client/versions") == 200)
            #expect(await client.status("/_matrix/client/v3/sync") == 401)
            #expect(await client.status("/_matrix/nothing") == 404)
            let start = SystemClock().monotonic
            process.cancel()
            _ = await process.result
            #expect(SystemClock().monotonic - start < .seconds(10))
            #expect(await client.status("/health") == nil)
            client.close()
        }
    }

    @Test func workersNeedRedis() async throws {
        let files = try TestConfiguration()
        defer { files.remove() }
        let configuration = try files.with(
            database: "postgresql://apus@127.0.0.1:1/apus",
            #"workers: {one: {role: client-api, address: "127.0.0.1:1"}}"#)
        let worker = try #require(configuration.worker(named: "one"))
        let failure = await #expect(throws: StartFailure.self) {
            try await HomeserverProcess.serve(worker, of: configuration)
        }
        #expect(failure?.description == "workers need redis in the configuration")
    }

    private struct Client {
        private let outbound: OutboundClient
        private let port: UInt16

        init(port: UInt16) throws {
            self.port = port
            var configuration = OutboundConfiguration()
            configuration.addressPolicy = AddressPolicy(allowsPrivateAddresses: true)
            outbound = try OutboundClient(
                configuration, resolver: SystemResolver(), eventLoopGroup: .singleton,
                telemetry: Telemetry.silent())
        }

        /// `nil` when nobody answers.
        func status(_ path: String) async -> Int? {
            guard let url = OutboundURL("http://127.0.0.1:\(port)\(path)") else { return nil }
            return try? await outbound.send(OutboundRequest(.get, url, timeout: .seconds(5))).status
        }

        func close() { outbound.shutDown() }
    }
}
