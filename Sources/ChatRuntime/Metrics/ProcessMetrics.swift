internal import ChatCore
internal import FoundationEssentials

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// What the operating system says of this process, read anew at every scrape, under the names Prometheus gives them.
struct ProcessMetrics {
    let role: Node.Role
    let startedAt: Timestamp

    func render() -> String {
        var lines: [String] = []
        func add(_ name: String, _ help: String, _ kind: PrometheusKind, _ value: Double?) {
            guard let value else { return }
            lines += PrometheusText.header(name, help: help, kind: kind)
            lines.append(PrometheusText.sample(name, "", PrometheusText.number(value)))
        }
        let build = PrometheusName.labels([("version", Version.current), ("role", role.rawValue)])
        lines += PrometheusText.header("chat_engine_build_info", help: "Version and role of the process.", kind: .gauge)
        lines.append(PrometheusText.sample("chat_engine_build_info", build, "1"))
        add("process_cpu_seconds_total", "User and system CPU time in seconds.", .counter, Self.cpuSeconds)
        add("process_max_fds", "Most file descriptors the process may open.", .gauge, Self.maximumDescriptors)
        add("process_open_fds", "Open file descriptors.", .gauge, Self.openDescriptors)
        add("process_resident_memory_bytes", "Resident memory in bytes.", .gauge, Self.residentBytes)
        add(
            "process_start_time_seconds",
            "Start of the process, in seconds since 1970.",
            .gauge,
            Double(startedAt.millisecondsSince1970) / 1000
        )
        return lines.joined(separator: "\n") + "\n"
    }

    private static var cpuSeconds: Double? {
        var usage = rusage()
        guard getrusage(processUsage, &usage) == 0 else { return nil }
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    private static var maximumDescriptors: Double? {
        var limit = rlimit()
        guard getrlimit(descriptorLimit, &limit) == 0 else { return nil }
        return Double(limit.rlim_cur)
    }

    /// The listing itself holds one descriptor open, which is not counted.
    private static var openDescriptors: Double? {
        guard let entries = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") else { return nil }
        return Double(max(0, entries.count - 1))
    }

    /// The second number of statm, in pages.
    private static var residentBytes: Double? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Double(fields[1]) else { return nil }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    #if canImport(Glibc)
    private static let processUsage = RUSAGE_SELF.rawValue
    private static let descriptorLimit = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
    private static let processUsage = RUSAGE_SELF
    private static let descriptorLimit = RLIMIT_NOFILE
    #endif
}
