import Glibc

/// What the kernel knows of this process: processor time, memory and open files.
package enum ProcessMetrics {
    /// Adds the usual `process_*` metrics to the registry.
    package static func register(in registry: MetricsRegistry) {
        registry.gauge("process_cpu_seconds_total", help: "Processor time used, user and system") { cpuSeconds() }
        registry.gauge("process_resident_memory_bytes", help: "Memory that is resident") { residentBytes() }
        registry.gauge("process_open_fds", help: "Open file descriptors") { Double(openDescriptors()) }
    }

    static func cpuSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// The second field of `/proc/self/statm`, in pages.
    static func residentBytes() -> Double {
        var buffer = [UInt8](repeating: 0, count: 256)
        let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return 0 }
        let fields = buffer[..<count].split(separator: 0x20)
        guard fields.count > 1, let pages = Double(String(decoding: fields[1], as: UTF8.self)) else { return 0 }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    static func openDescriptors() -> Int {
        guard let directory = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(directory) }
        var count = -3  // `.`, `..` and the descriptor that reads the directory
        while readdir(directory) != nil { count += 1 }
        return max(0, count)
    }
}
