import ServerConfiguration
import Testing

@Suite struct WorkerEntryTests {
    private static let yaml = """
        redis: {url: "redis://127.0.0.1"}
        workers:
          client-1: {role: client-api, address: "127.0.0.1:8101"}
          push-1: {role: push, address: "127.0.0.1:8501"}
        """

    @Test func findsTheEntryOfAWorker() throws {
        let worker = try parse(minimal(Self.yaml)).get().worker(named: "push-1", role: .push, file: "f")
        #expect(worker.address.port == 8501)
    }

    @Test(arguments: [
        ("client-1", WorkerRole.push, "f: workers.client-1: has the role client-api, and this program is a push"),
        ("push1", .push, #"f: workers: there is no worker named "push1"; did you mean push-1?"#),
        ("x", .push, #"f: workers: there is no worker named "x""#),
    ])
    func saysWhyAWorkerIsNotThatOne(_ name: String, _ role: WorkerRole, _ message: String) throws {
        let configuration = try parse(minimal(Self.yaml)).get()
        let error = #expect(throws: ConfigurationMistakes.self) {
            try configuration.worker(named: name, role: role, file: "f")
        }
        #expect(error?.description == message)
    }

    @Test func separateWorkersNeedRedis() throws {
        let configuration = try parse(minimal(String(Self.yaml.drop { $0 != "\n" }))).get()
        #expect(throws: ConfigurationMistakes.self) {
            try configuration.worker(named: "push-1", role: .push, file: "f")
        }
    }
}
