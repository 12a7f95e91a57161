/// Names and labels as the Prometheus text format wants them
/// (https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels).
enum PrometheusName {
    /// Letters, digits, `_` and `:`, no digit first; anything else becomes `_`.
    static func metric(_ text: String) -> String {
        sanitized(text) { isWord($0) || $0 == UInt8(ascii: ":") }
    }

    /// The name of a counter ends in `_total`.
    static func counter(_ text: String) -> String {
        let name = metric(text)
        return name.hasSuffix("_total") ? name : name + "_total"
    }

    /// Letters, digits and `_`, no digit first; `le` belongs to histograms and becomes `_le`.
    static func label(_ text: String) -> String {
        let name = sanitized(text, isWord)
        return name == "le" ? "_le" : name
    }

    /// The labels of a series as they stand between braces, in order of their names, each name once.
    static func labels(_ dimensions: [(String, String)]) -> String {
        Dictionary(dimensions.map { (label($0.0), $0.1) }, uniquingKeysWith: { _, last in last })
            .sorted { $0.key < $1.key }
            .map { "\($0.key)=\"\(escaped($0.value))\"" }
            .joined(separator: ",")
    }

    /// A label value with backslash, quote and line feed escaped.
    static func escaped(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == 0x5C || $0 == 0x22 || $0 == 0x0A }) else { return value }
        var result = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
    }

    private static func sanitized(_ text: String, _ isAllowed: (UInt8) -> Bool) -> String {
        var bytes = text.utf8.map { isAllowed($0) ? $0 : UInt8(ascii: "_") }
        if bytes.first.map({ (0x30...0x39).contains($0) }) ?? true { bytes.insert(UInt8(ascii: "_"), at: 0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
