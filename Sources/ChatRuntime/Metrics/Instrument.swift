internal import CoreMetrics
internal import Synchronization

/// A series of samples that can be rendered: everything the factory hands out.
protocol Instrument: AnyObject, Sendable {
    /// The lines of this series, without HELP and TYPE.
    func lines(name: String, labels: String) -> [String]
}

enum PrometheusKind: String {
    case counter, gauge, histogram
}

/// A number that only grows, counted without a lock.
final class CounterInstrument: Instrument, CounterHandler {
    private let value = Atomic<Int64>(0)

    /// Adds `amount`; a negative one is ignored, as counters only grow.
    func increment(by amount: Int64) {
        guard amount > 0 else { return }
        value.wrappingAdd(amount, ordering: .relaxed)
    }

    func reset() { value.store(0, ordering: .relaxed) }

    func lines(name: String, labels: String) -> [String] {
        [PrometheusText.sample(name, labels, "\(value.load(ordering: .relaxed))")]
    }
}

/// A number that only grows, by fractions.
final class FloatingPointCounterInstrument: Instrument, FloatingPointCounterHandler {
    private let value = Mutex(0.0)

    func increment(by amount: Double) {
        guard amount.isFinite, amount > 0 else { return }
        value.withLock { $0 += amount }
    }

    func reset() { value.withLock { $0 = 0 } }

    func lines(name: String, labels: String) -> [String] {
        [PrometheusText.sample(name, labels, PrometheusText.number(value.withLock { $0 }))]
    }
}

/// The latest value of something that goes up and down.
final class GaugeInstrument: Instrument, MeterHandler, RecorderHandler {
    private let value = Mutex(0.0)

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }

    func increment(by amount: Double) {
        guard amount.isFinite else { return }
        value.withLock { $0 += amount }
    }

    func decrement(by amount: Double) { increment(by: -amount) }

    func lines(name: String, labels: String) -> [String] {
        [PrometheusText.sample(name, labels, PrometheusText.number(value.withLock { $0 }))]
    }
}

/// How often values fell into each bucket, and their sum.
final class HistogramInstrument: Instrument, RecorderHandler, TimerHandler {
    private struct Samples {
        var counts: [UInt64]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let samples: Mutex<Samples>

    init(bounds: [Double]) {
        self.bounds = bounds
        samples = Mutex(Samples(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard value.isFinite else { return }
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        samples.withLock {
            $0.counts[bucket] += 1
            $0.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func lines(name: String, labels: String) -> [String] {
        let samples = samples.withLock { $0 }
        let prefix = labels.isEmpty ? "" : labels + ","
        var lines: [String] = []
        var total: UInt64 = 0
        for (bound, count) in zip(bounds + [.infinity], samples.counts) {
            total += count
            lines.append(
                PrometheusText.sample(name + "_bucket", "\(prefix)le=\"\(PrometheusText.number(bound))\"", "\(total)")
            )
        }
        lines.append(PrometheusText.sample(name + "_sum", labels, PrometheusText.number(samples.sum)))
        lines.append(PrometheusText.sample(name + "_count", labels, "\(total)"))
        return lines
    }
}
