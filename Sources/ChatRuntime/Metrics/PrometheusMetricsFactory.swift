public import CoreMetrics
internal import Synchronization

/// Keeps the metrics of this process and renders them for Prometheus.
///
/// The same label and dimensions give the same instrument. A label used for two kinds of metric, or one with more than
/// ``maximumSeries`` combinations of dimensions, gets instruments that count but are not rendered, so that neither the
/// answer nor memory is spoilt.
public final class PrometheusMetricsFactory: MetricsFactory {
    /// Combinations of dimensions kept per label.
    public static let maximumSeries = 2000

    private struct Family {
        let kind: PrometheusKind
        var series: [String: any Instrument] = [:]
    }

    private let families = Mutex<[String: Family]>([:])
    private let descriptions = Mutex<[String: String]>([:])

    public init() {}

    /// Sets the HELP text of a metric; without one it is the name in words.
    public func describe(_ label: String, as help: String) {
        descriptions.withLock { $0[PrometheusName.metric(label)] = help }
    }

    /// Everything there is in the text exposition format 0.0.4, in order of the names.
    public func render() -> String {
        let descriptions = descriptions.withLock { $0 }
        let families = families.withLock { $0 }.sorted { $0.key < $1.key }
        var lines: [String] = []
        for (name, family) in families where !family.series.isEmpty {
            let help = descriptions[name] ?? name.split(separator: "_").joined(separator: " ")
            lines += PrometheusText.header(name, help: help, kind: family.kind)
            for (labels, instrument) in family.series.sorted(by: { $0.key < $1.key }) {
                lines += instrument.lines(name: name, labels: labels)
            }
        }
        return lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n"
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        instrument(PrometheusName.counter(label), .counter, dimensions) { CounterInstrument() }
    }

    public func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        instrument(PrometheusName.counter(label), .counter, dimensions) { FloatingPointCounterInstrument() }
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        instrument(PrometheusName.metric(label), .gauge, dimensions) { GaugeInstrument() }
    }

    /// An aggregating recorder is a histogram, of seconds when its name ends so, any other a gauge.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        let name = PrometheusName.metric(label)
        guard aggregate else { return instrument(name, .gauge, dimensions) { GaugeInstrument() } }
        let bounds = name.hasSuffix("_seconds") ? Bucket.seconds : Bucket.magnitudes
        return instrument(name, .histogram, dimensions) { HistogramInstrument(bounds: bounds) }
    }

    /// A timer is a histogram of seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        instrument(PrometheusName.metric(label), .histogram, dimensions) { HistogramInstrument(bounds: Bucket.seconds) }
    }

    public func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
    public func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    public func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    public func destroyTimer(_ handler: any TimerHandler) { remove(handler) }

    private func instrument<Made: Instrument>(
        _ name: String,
        _ kind: PrometheusKind,
        _ dimensions: [(String, String)],
        make: () -> Made
    ) -> Made {
        let labels = PrometheusName.labels(dimensions)
        return families.withLock { families in
            var family = families[name] ?? Family(kind: kind)
            if let known = family.series[labels] as? Made, family.kind == kind { return known }
            let made = make()
            let fits = family.kind == kind && family.series[labels] == nil && family.series.count < Self.maximumSeries
            if fits {
                family.series[labels] = made
                families[name] = family
            }
            return made
        }
    }

    private func remove(_ handler: AnyObject) {
        families.withLock { families in
            for (name, family) in families {
                for (labels, instrument) in family.series where instrument === handler {
                    families[name]?.series[labels] = nil
                }
            }
        }
    }
}
