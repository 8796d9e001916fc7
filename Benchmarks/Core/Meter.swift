import Glibc

/// Times in nanoseconds.
enum Meter {
    /// What this process has used of all processors.
    static func processorNanoseconds() -> Double { nanoseconds(CLOCK_PROCESS_CPUTIME_ID) }

    static func wallNanoseconds() -> Double { nanoseconds(CLOCK_MONOTONIC) }

    private static func nanoseconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }

    /// The processor time of one run of some work: the best of several series, since whatever else the machine does can only
    /// make it longer.
    static func best(of series: Int = 15, runs: Int, _ work: () throws -> Void) rethrows -> Double {
        var best = Double.greatestFiniteMagnitude
        for _ in 0..<series {
            let start = processorNanoseconds()
            for _ in 0..<runs { try work() }
            best = min(best, (processorNanoseconds() - start) / Double(runs))
        }
        return best
    }

    nonisolated(nonsending) static func best(
        of series: Int = 15, runs: Int, _ work: nonisolated(nonsending) () async throws -> Void
    ) async rethrows -> Double {
        var best = Double.greatestFiniteMagnitude
        for _ in 0..<series {
            let start = processorNanoseconds()
            for _ in 0..<runs { try await work() }
            best = min(best, (processorNanoseconds() - start) / Double(runs))
        }
        return best
    }

    /// The memory that this process has now.
    static func residentBytes() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        // The second number: pages in memory.
        let words = String(decoding: line.map(UInt8.init(bitPattern:)), as: UTF8.self).split(separator: " ")
        return (words.count > 1 ? Int(words[1]) ?? 0 : 0) * 4_096
    }

    static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
