import Telemetry
import Testing

@Suite struct MetricsTests {
    private enum Outcome: String, CaseIterable { case ok, failed }

    @Test func rendersEveryKindInPrometheusText() {
        let registry = MetricsRegistry()
        let counters = registry.counters(
            "a_total", help: "things\nmore",
            labels: [MetricLabel("kind", ["x", "y\""]), MetricLabel("outcome", Outcome.self)])
        counters[1, 0].increment(by: 3)
        registry.gauge("b", help: "level").set(-2)
        registry.gauge("c", help: "read") { 1.5 }
        let histogram = registry.histogram("d_seconds", help: "time", bounds: [.milliseconds(1), .seconds(1)])
        histogram.observe(.microseconds(1000))
        histogram.observe(.seconds(2))
        #expect(
            registry.prometheusText() == """
                # HELP a_total things\\nmore
                # TYPE a_total counter
                a_total{kind="x",outcome="ok"} 0
                a_total{kind="x",outcome="failed"} 0
                a_total{kind="y\\"",outcome="ok"} 3
                a_total{kind="y\\"",outcome="failed"} 0
                # HELP b level
                # TYPE b gauge
                b -2
                # HELP c read
                # TYPE c gauge
                c 1.5
                # HELP d_seconds time
                # TYPE d_seconds histogram
                d_seconds_bucket{le="0.001"} 1
                d_seconds_bucket{le="1.0"} 1
                d_seconds_bucket{le="+Inf"} 2
                d_seconds_sum 2.001
                d_seconds_count 2

                """)
    }

    @Test func theSameNameIsTheSameMetric() {
        let registry = MetricsRegistry()
        registry.counter("x_total", help: "x").increment()
        registry.counter("x_total", help: "x").increment()
        #expect(registry.counter("x_total", help: "x").value == 2)
    }

    @Test func familiesOfOneNameShareWhatTheyHaveInCommon() {
        let registry = MetricsRegistry()
        let first = registry.counters("x_total", help: "x", labels: [MetricLabel("k", ["a", "none"])])
        let second = registry.counters("x_total", help: "x", labels: [MetricLabel("k", ["b", "c", "none"])])
        first[1].increment()
        second[2].increment()
        second[0].increment()
        let text = registry.prometheusText()
        #expect(text.contains("x_total{k=\"a\"} 0\nx_total{k=\"none\"} 2\nx_total{k=\"b\"} 1\nx_total{k=\"c\"} 0\n"))
        #expect(text.components(of: "# TYPE x_total") == 1)
    }

    @Test func valuesOutsideOfAClosedSetHaveNoSeries() {
        let family = MetricsRegistry().counters("y_total", help: "y", labels: [MetricLabel("k", ["a", "other"])])
        #expect(family[values: ["b"]] == nil)
        #expect(family[99] === family[1])
    }

    @Test func countsFromManyTasksAreAllThere() async {
        let counter = MetricsRegistry().counter("z_total", help: "z")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<1000 { counter.increment() } } }
        }
        #expect(counter.value == 8000)
    }

    @Test func processMetricsAreReadable() throws {
        let registry = MetricsRegistry()
        ProcessMetrics.register(in: registry)
        let lines = registry.prometheusText().split(separator: "\n")
        for name in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"] {
            let line = try #require(lines.first { $0.hasPrefix(name + " ") })
            #expect(try #require(Double(line.split(separator: " ")[1])) > 0)
        }
    }
}

extension String {
    fileprivate func components(of part: String) -> Int {
        split(separator: part, omittingEmptySubsequences: false).count - 1
    }
}
