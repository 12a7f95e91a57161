import Testing

@testable import ChatRuntime

@Suite("Trace context and bearer tokens")
struct TraceContextTests {
    private static let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test("a well-formed header is read and written the same")
    func reading() throws {
        let context = try #require(TraceContext(traceparent: Self.parent))
        #expect(context.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(context.spanID == "00f067aa0ba902b7")
        #expect(context.isSampled)
        #expect(context.traceparent == Self.parent)
    }

    @Test("a later version is read as far as it is known")
    func laterVersion() {
        #expect(TraceContext(traceparent: "cc" + Self.parent.dropFirst(2) + "-what-ever") != nil)
        #expect(TraceContext(traceparent: "cc" + Self.parent.dropFirst(2)) != nil)
    }

    @Test(
        "anything else is not read",
        arguments: [
            "", "00", "00---", "ff" + parent.dropFirst(2), parent + "-x", parent.uppercased(), " " + parent,
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
            "cc" + parent.dropFirst(2) + "-" + String(repeating: "x", count: 600),
        ]
    )
    func malformed(header: String) {
        #expect(TraceContext(traceparent: header) == nil)
    }

    @Test("a trace goes on under a span of our own, or begins")
    func continuing() throws {
        let parent = try #require(TraceContext(traceparent: Self.parent))
        let child = TraceContext.continuing(traceparent: Self.parent)
        #expect(child.traceID == parent.traceID)
        #expect(child.spanID != parent.spanID)
        #expect(child.isSampled)
        for header in [nil, "nonsense"] as [String?] {
            let begun = TraceContext.continuing(traceparent: header)
            #expect(TraceContext(traceparent: begun.traceparent) == begun)
        }
        #expect(TraceContext.make().traceID != TraceContext.make().traceID)
    }

    @Test(
        "the token of an authorization header",
        arguments: [
            ("Bearer abc", "abc"), ("bearer abc", "abc"), ("BEARER  abc", "abc"), ("Bearer", nil), ("Bearer ", nil),
            ("Bearerabc", nil), ("Basic abc", nil), ("", nil), ("Bearer a b", nil),
        ] as [(String, String?)]
    )
    func bearer(header: String, token: String?) {
        #expect(BearerToken.parse(authorizationHeader: header) == token)
    }
}
