/// Where a request stands in a trace, after W3C Trace Context (https://www.w3.org/TR/trace-context/).
///
/// The trace id is also the request id: `x-request-id`, `details.trace_id` and the log's `trace_id` are all this one.
public struct TraceContext: Hashable, Sendable {
    /// 32 hexadecimal digits in lower case, not all zero.
    public let traceID: String
    /// 16 hexadecimal digits in lower case, not all zero: the span of whoever sends the header.
    public let spanID: String
    /// The caller asked for this trace to be recorded.
    public let isSampled: Bool

    private init(traceID: String, spanID: String, isSampled: Bool) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// Reads a `traceparent` header; `nil` for anything that is not well formed.
    ///
    /// Versions above 00 are read as far as version 00 goes, as the recommendation asks; version ff is refused.
    public init?(traceparent: String) {
        let fields = traceparent.utf8.split(
            separator: UInt8(ascii: "-"),
            maxSplits: 4,
            omittingEmptySubsequences: false
        )
        guard fields.count >= 4, traceparent.utf8.count <= 512 else { return nil }
        guard let version = Self.hexadecimal(fields[0], digits: 2), version != "ff" else { return nil }
        guard version != "00" || fields.count == 4 else { return nil }
        guard let traceID = Self.hexadecimal(fields[1], digits: 32), traceID.utf8.contains(where: { $0 != Self.zero }),
            let spanID = Self.hexadecimal(fields[2], digits: 16), spanID.utf8.contains(where: { $0 != Self.zero }),
            let flags = Self.hexadecimal(fields[3], digits: 2), let bits = UInt8(flags, radix: 16)
        else { return nil }
        self.init(traceID: traceID, spanID: spanID, isSampled: bits & 1 == 1)
    }

    /// A trace that begins here.
    public static func make() -> TraceContext {
        var random = SystemRandomNumberGenerator()
        return TraceContext(
            traceID: digits(random.next()) + digits(nonZero(&random)),
            spanID: digits(nonZero(&random)),
            isSampled: false
        )
    }

    /// Goes on with the trace of an incoming `traceparent`, under a span of our own; begins a new trace when there is
    /// none or it cannot be read.
    public static func continuing(traceparent: String?) -> TraceContext {
        guard let traceparent, let parent = TraceContext(traceparent: traceparent) else { return make() }
        return parent.child()
    }

    /// The same trace under a new span.
    public func child() -> TraceContext {
        var random = SystemRandomNumberGenerator()
        return TraceContext(traceID: traceID, spanID: Self.digits(Self.nonZero(&random)), isSampled: isSampled)
    }

    /// The header for calls made on behalf of this request.
    public var traceparent: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }

    private static let zero = UInt8(ascii: "0")

    private static func hexadecimal(_ field: Substring.UTF8View, digits: Int) -> String? {
        guard field.count == digits,
            field.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        return String(Substring(field))
    }

    private static func nonZero(_ random: inout SystemRandomNumberGenerator) -> UInt64 {
        UInt64.random(in: 1...UInt64.max, using: &random)
    }

    private static func digits(_ number: UInt64) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }
}
