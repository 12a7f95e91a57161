/// The figures of a run, for people.
struct FaultTable {
    let history: History.Contents

    var text: String {
        (operations + [""] + faults + [""] + deliveries).joined(separator: "\n")
    }

    static func seconds(_ duration: Duration) -> String {
        let tenths = duration.components.seconds * 10 + duration.components.attoseconds / 100_000_000_000_000_000
        return "\(tenths / 10).\(tenths % 10)"
    }

    private var operations: [String] {
        let columns = Operation.Outcome.allCases
        let kinds = Dictionary(grouping: history.operations, by: \.kind)
        let rows = Operation.Kind.allCases.compactMap { kind -> [String]? in
            guard let operations = kinds[kind] else { return nil }
            return [kind.rawValue] + columns.map { outcome in "\(operations.count { $0.outcome == outcome })" }
        }
        let sums = columns.map { outcome in "\(history.operations.count { $0.outcome == outcome })" }
        return Self.table([["operations"] + columns.map(\.rawValue)] + rows + [["all"] + sums])
    }

    private var faults: [String] {
        let kinds = Dictionary(grouping: history.faults, by: \.kind)
        let rows = kinds.sorted { $0.key < $1.key }.map { kind, records in
            let times = records.map(\.recovery).sorted()
            return [
                kind, "\(times.count)", Self.seconds(times[times.count / 2]),
                Self.seconds(times.last ?? .zero),
            ]
        }
        return Self.table([["faults", "count", "serves again: median s", "max s"]] + rows)
            + ["\(history.faults.count) faults"]
    }

    private var deliveries: [String] {
        let views = history.views
        let answers = history.operations.compactMap(\.answer)
        let ends = Dictionary(grouping: answers, by: { $0.hasEnded ? $0.state ?? "broken off" : "not seen to the end" })
        let counts = ends.sorted { $0.key < $1.key }.map { "\($0.value.count) \($0.key)" }
        let refusals = Dictionary(grouping: history.operations.compactMap(\.errorCode), by: { $0 })
        let codes = refusals.sorted { $0.key < $1.key }.map { "\($0.value.count) \($0.key)" }
        return [
            "refused: " + (codes.isEmpty ? "none" : codes.joined(separator: ", ")),
            "answers: " + counts.joined(separator: ", "),
            "\(views.reduce(0) { $0 + $1.events.count }) events and \(views.reduce(0) { $0 + $1.chunks }) chunks "
                + "delivered to \(views.count) devices over \(views.reduce(0) { $0 + $1.connections }) connections",
        ]
    }

    private static func table(_ rows: [[String]]) -> [String] {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in rows.compactMap { $0.dropFirst(column).first?.count }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, text in
                let space = String(repeating: " ", count: max(0, widths[column] - text.count))
                return column == 0 ? text + space : space + text
            }.joined(separator: "  ")
        }
    }
}
