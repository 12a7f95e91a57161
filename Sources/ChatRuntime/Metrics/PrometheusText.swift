/// The pieces of the text exposition format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/).
enum PrometheusText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    static func sample(_ name: String, _ labels: String, _ value: String) -> String {
        labels.isEmpty ? "\(name) \(value)" : "\(name){\(labels)} \(value)"
    }

    static func header(_ name: String, help: String, kind: PrometheusKind) -> [String] {
        let escaped = help.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\")
            .split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\\n")
        return ["# HELP \(name) \(escaped)", "# TYPE \(name) \(kind.rawValue)"]
    }

    /// A number without a needless fraction; infinities and NaN in the format's words.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }
}
