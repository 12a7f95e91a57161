import ChatCore
import Metrics
import Testing

@testable import ChatRuntime

@Suite("Metrics for Prometheus")
struct PrometheusMetricsFactoryTests {
    private let factory = PrometheusMetricsFactory()

    @Test("counters count, with labels, under a name that ends in _total")
    func counters() {
        Counter(label: "chat_engine_requests", dimensions: [("status", "200")], factory: factory).increment(by: 2)
        Counter(label: "chat_engine_requests_total", dimensions: [("status", "200")], factory: factory).increment()
        Counter(label: "chat_engine_requests", factory: factory).increment(by: -5)
        FloatingPointCounter(label: "chat_engine_seconds", factory: factory).increment(by: 0.5)
        factory.describe("chat_engine_requests_total", as: "Requests\nanswered.")
        #expect(
            factory.render() == """
                # HELP chat_engine_requests_total Requests\\nanswered.
                # TYPE chat_engine_requests_total counter
                chat_engine_requests_total 0
                chat_engine_requests_total{status="200"} 3
                # HELP chat_engine_seconds_total chat engine seconds total
                # TYPE chat_engine_seconds_total counter
                chat_engine_seconds_total 0.5

                """
        )
    }

    @Test("gauges go up and down")
    func gauges() {
        let meter = Meter(label: "chat_engine_streams", factory: factory)
        meter.increment(by: 3)
        meter.decrement()
        Gauge(label: "chat_engine_connections", factory: factory).record(7)
        let text = factory.render()
        #expect(text.contains("\n# TYPE chat_engine_connections gauge\nchat_engine_connections 7\n"))
        #expect(text.contains("\n# TYPE chat_engine_streams gauge\nchat_engine_streams 2\n"))
    }

    @Test("a timer is a histogram of seconds with cumulative buckets")
    func timers() {
        let timer = Timer(label: "chat_engine_query_seconds", dimensions: [("name", "a")], factory: factory)
        timer.recordMilliseconds(1)
        timer.recordMilliseconds(3)
        timer.recordSeconds(100)
        let lines = factory.render().split(separator: "\n")
        #expect(lines.contains("# TYPE chat_engine_query_seconds histogram"))
        #expect(lines.contains(#"chat_engine_query_seconds_bucket{name="a",le="0.0005"} 0"#))
        #expect(lines.contains(#"chat_engine_query_seconds_bucket{name="a",le="0.001"} 1"#))
        #expect(lines.contains(#"chat_engine_query_seconds_bucket{name="a",le="0.005"} 2"#))
        #expect(lines.contains(#"chat_engine_query_seconds_bucket{name="a",le="30"} 2"#))
        #expect(lines.contains(#"chat_engine_query_seconds_bucket{name="a",le="+Inf"} 3"#))
        #expect(lines.contains(#"chat_engine_query_seconds_sum{name="a"} 100.004"#))
        #expect(lines.contains(#"chat_engine_query_seconds_count{name="a"} 3"#))
    }

    @Test("an aggregating recorder is a histogram")
    func recorders() {
        let recorder = Recorder(label: "chat_engine_bytes", factory: factory)
        recorder.record(3)
        recorder.record(Double.nan)
        let lines = factory.render().split(separator: "\n")
        #expect(lines.contains(#"chat_engine_bytes_bucket{le="2"} 0"#))
        #expect(lines.contains(#"chat_engine_bytes_bucket{le="5"} 1"#))
        #expect(lines.contains("chat_engine_bytes_count 1"))
    }

    @Test("names, labels and values are made fit for the format")
    func sanitizing() {
        Counter(
            label: "9hb.requests-é",
            dimensions: [("le", "a"), ("http.route", "/x\"\\\n"), ("le", "b")],
            factory: factory
        ).increment()
        #expect(factory.render().contains(#"_9hb_requests____total{_le="b",http_route="/x\"\\\n"} 1"#))
    }

    @Test("a name used for two kinds is rendered as the first; a destroyed series is gone")
    func conflictsAndDestruction() {
        let counter = Counter(label: "chat_engine_x_total", factory: factory)
        counter.increment()
        Gauge(label: "chat_engine_x_total", factory: factory).record(5)
        #expect(factory.render().contains("\nchat_engine_x_total 1\n"))
        #expect(!factory.render().contains("gauge"))
        counter.destroy()
        #expect(factory.render() == "")
    }

    @Test("the number of series of a name is bounded")
    func bound() {
        for number in 0..<(PrometheusMetricsFactory.maximumSeries + 10) {
            Counter(label: "chat_engine_y", dimensions: [("n", "\(number)")], factory: factory).increment()
        }
        let series = factory.render().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(series.count == PrometheusMetricsFactory.maximumSeries)
    }

    @Test("counting from many tasks loses nothing")
    func concurrency() async {
        let counter = Counter(label: "chat_engine_z", factory: factory)
        let timer = Timer(label: "chat_engine_z_seconds", factory: factory)
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 {
                        counter.increment()
                        timer.recordNanoseconds(1)
                    }
                }
            }
        }
        #expect(factory.render().contains("\nchat_engine_z_total 8000\n"))
        #expect(factory.render().contains("\nchat_engine_z_seconds_count 8000\n"))
    }

    @Test("the process tells of its memory, time and descriptors")
    func process() throws {
        let text = ProcessMetrics(role: .bus, startedAt: Timestamp(microsecondsSince1970: 1_500_000)).render()
        #expect(text.contains("\nchat_engine_build_info{role=\"bus\",version=\"\(Version.current)\"} 1\n"))
        #expect(text.contains("\nprocess_start_time_seconds 1.5\n"))
        for name in [
            "process_cpu_seconds_total", "process_max_fds", "process_open_fds", "process_resident_memory_bytes",
        ] {
            let value = text.firstMatch(of: try Regex("(?m)^\(name) ([0-9.e+]+)$", as: (Substring, Substring).self))
            #expect(value.flatMap { Double($0.output.1) }.map { $0 > 0 } == true, "\(name)")
        }
    }
}
