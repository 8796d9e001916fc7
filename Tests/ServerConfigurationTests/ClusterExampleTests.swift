import FoundationEssentials
import ServerConfiguration
import Testing

@Suite struct ClusterExampleTests {
    @Test func theExampleOfSeveralMachinesIsRight() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let path = root.appending(path: "deploy/cluster-example/apus.yaml").path
        let configuration = try ServerConfiguration.load(
            path: path,
            environment: [
                "APUS_DATABASE_URL": "postgresql://apus@10.0.0.14/apus", "APUS_REDIS_URL": "redis://10.0.0.14:6379/0",
                "APUS_REGISTRATION_SECRET": "secret",
            ])
        #expect(Set(configuration.workers.map(\.role)) == Set(WorkerRole.allCases))
        let proxy = try HAProxyConfiguration(configuration, file: path)
        #expect(proxy.text.contains("server client-4 10.0.0.12:8102"))
    }
}
