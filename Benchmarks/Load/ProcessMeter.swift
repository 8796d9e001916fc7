import Glibc

/// Processor time of server processes, read from `/proc`.
///
/// Counted are the processes named, whatever descends from them (the backends of a PostgreSQL, whose postmaster is
/// named), and children that have ended meanwhile. The kernel counts in ticks of 10 ms, so that a run should use
/// hundreds of milliseconds before its figures mean anything.
struct ProcessMeter {
    let roots: [Int]

    /// User and system time so far, in milliseconds; `nil` when no process was named.
    func milliseconds() throws -> Double? {
        guard !roots.isEmpty else { return nil }
        let all = Self.everyProcess()
        guard let gone = roots.first(where: { all[$0] == nil }) else {
            let ticks = Self.descendants(of: roots, among: all).reduce(0) { $0 + (all[$1]?.ticks ?? 0) }
            return Double(ticks) * 1000 / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
        throw Failure("process \(gone) does not exist")
    }

    /// Memory that the named processes themselves hold, in bytes; what descends from them is not counted.
    func residentBytes() -> Int {
        roots.reduce(0) { sum, pid in
            let fields = readSmallFile("/proc/\(pid)/statm")?.split(separator: " ") ?? []
            return sum + (fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(getpagesize()) : 0)
        }
    }

    /// This program's own time, in milliseconds.
    static func ownMilliseconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func milliseconds(_ time: timeval) -> Double { Double(time.tv_sec) * 1000 + Double(time.tv_usec) / 1000 }
        return milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime)
    }

    private struct Process {
        let parent: Int
        let ticks: Int
    }

    private static func descendants(of roots: [Int], among all: [Int: Process]) -> Set<Int> {
        var found = Set(roots)
        while true {
            let more = all.filter { found.contains($0.value.parent) && !found.contains($0.key) }
            if more.isEmpty { return found }
            found.formUnion(more.keys)
        }
    }

    private static func everyProcess() -> [Int: Process] {
        var found: [Int: Process] = [:]
        guard let folder = opendir("/proc") else { return found }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let pid = Int(name), let text = readSmallFile("/proc/\(pid)/stat"),
                let process = parse(text)
            else { continue }
            found[pid] = process
        }
        return found
    }

    /// The fields behind the command's name, which itself may hold spaces and brackets.
    private static func parse(_ stat: String) -> Process? {
        guard let bracket = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: bracket)...].split(separator: " ")
        guard fields.count > 14, let parent = Int(fields[1]) else { return nil }
        return Process(parent: parent, ticks: fields[11...14].reduce(0) { $0 + (Int($1) ?? 0) })
    }
}

/// A file of `/proc`, or another of at most 1 MiB; `nil` when it cannot be read.
func readSmallFile(_ path: String) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while bytes.count < 1 << 20 {
        let count = read(file, &chunk, chunk.count)
        guard count >= 0 else { return nil }
        if count == 0 { break }
        bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
}
