/// Time and processor time between two moments.
struct Measurement {
    private let meter: ProcessMeter
    private let startNanoseconds: Int64
    private let startServer: Double?
    private let startOwn: Double

    init(_ meter: ProcessMeter) throws {
        self.meter = meter
        startServer = try meter.milliseconds()
        startOwn = ProcessMeter.ownMilliseconds()
        startNanoseconds = monotonicNanoseconds()
    }

    /// Adds what has passed since the beginning; `operations` is what the server's time is divided by. A scenario that
    /// measures more than once has a `prefix` for what is called the same.
    func end(_ report: inout Report, operations: Int, called name: String, prefix: String = "") throws {
        let seconds = Double(monotonicNanoseconds() - startNanoseconds) / 1e9
        let server = try meter.milliseconds()
        report.add("\(prefix)seconds", seconds)
        report.add("\(prefix)per_second", Double(operations) / seconds)
        if let server, let startServer {
            report.add("\(prefix)server_cpu_ms", server - startServer)
            report.add("cpu_ms_per_\(name)", (server - startServer) / Double(operations))
        }
        report.add("client_cpu_ms_per_\(name)", (ProcessMeter.ownMilliseconds() - startOwn) / Double(operations))
    }
}
