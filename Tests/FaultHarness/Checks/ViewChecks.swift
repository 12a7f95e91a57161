/// A device was told every event of its client, once, in order, and as the log has it.
enum ViewChecks {
    static func violations(in view: DeviceView, _ database: DatabaseSnapshot) -> [String] {
        let log = database.events[view.client] ?? []
        var violations = view.resyncs > 0 ? ["\(view.name) was told \(view.resyncs) times to start anew"] : []
        var expected: Int64 = 1
        for event in view.events {
            if event.seq < expected { violations.append("\(view.name) was told \(event.seq) again") }
            if event.seq > expected { violations.append("\(view.name) was told \(event.seq) instead of \(expected)") }
            expected = max(expected, event.seq + 1)
        }
        let digests = Dictionary(log.map { ($0.seq, $0.digest) }, uniquingKeysWith: { first, _ in first })
        for event in view.events where digests[event.seq] != event.digest {
            violations.append("\(view.name) was told something else than the log has as \(event.seq)")
        }
        let last = database.counters[view.client] ?? 0
        if expected <= last { violations.append("\(view.name) was told \(expected - 1) of \(last) events") }
        return violations
    }
}
