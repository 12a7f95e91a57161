internal import ChatRuntime
internal import Hummingbird

/// Lets the web pages of allowed origins call (Fetch standard, 'CORS protocol').
struct CrossOrigin: Sendable {
    let allowed: AllowedOrigins

    private static let requestHeaders = "Authorization, Content-Type, Idempotency-Key, If-None-Match, traceparent"
    private static let answerHeaders =
        "ETag, Idempotent-Replayed, Location, Retry-After, WWW-Authenticate, x-request-id"
    /// For how long a browser may remember a preflight.
    private static let preflightSeconds = "600"

    /// Adds what a browser needs to hand the answer to the page that asked.
    func complete(_ response: inout Response, to request: Request) {
        // Without an origin, too: a cache must not hand that answer to a page.
        response.headers.append(HTTPHeader(name: .vary, value: "Origin"))
        guard let origin = request.headers[.origin] else { return }
        guard allowed.allows(origin) else { return }
        let allowedOrigin = allowed == .any ? "*" : origin
        response.headers.append(HTTPHeader(name: .accessControlAllowOrigin, value: allowedOrigin))
        response.headers.append(HTTPHeader(name: .accessControlExposeHeaders, value: Self.answerHeaders))
    }

    /// The answer to `OPTIONS`; ``complete(_:to:)`` adds the origin.
    func preflight(_ request: Request, methods: String) -> Response {
        var headers: HTTPFields = [.allow: methods]
        if let origin = request.headers[.origin], request.headers.contains(.accessControlRequestMethod),
            allowed.allows(origin)
        {
            headers.append(HTTPHeader(name: .accessControlAllowMethods, value: methods))
            headers.append(HTTPHeader(name: .accessControlAllowHeaders, value: Self.requestHeaders))
            headers.append(HTTPHeader(name: .accessControlMaxAge, value: Self.preflightSeconds))
        }
        return Response(status: .noContent, headers: headers)
    }
}
