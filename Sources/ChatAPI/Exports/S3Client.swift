internal import AsyncHTTPClient
internal import ChatCore
internal import ChatRuntime
internal import NIOCore
internal import NIOHTTP1

/// Speaks the few words of S3's protocol that exports need, to Amazon or a service like it.
///
/// What fails for a reason that may pass is tried again a few times.
final class S3Client: Sendable {
    struct Request {
        var method: HTTPMethod
        var key: String
        var query: [(name: String, value: String)] = []
        var headers: [(name: String, value: String)] = []
        var body: [UInt8] = []
    }

    struct Answer {
        var headers: HTTPHeaders
        var body: String
    }

    /// Why the service did not do it; its own code, like `NoSuchBucket`, goes to the log alone.
    struct Refusal: Error, CustomStringConvertible {
        let status: UInt
        let code: String

        var description: String { "S3 answered \(status) \(code)" }
        var mayPass: Bool { status >= 500 || status == 429 || status == 408 }
    }

    private static let attempts = 4
    private static let requestSeconds: Int64 = 120
    private static let largestAnswerBytes = 1 << 20

    private let configuration: S3Configuration
    private let signature: SignatureV4
    private let client: HTTPClient
    /// Before the key, percent-encoded, without a slash at its end.
    private let origin: String
    private let pathPrefix: String
    private let host: String

    /// ``shutdown()`` must be called before the instance is let go.
    init(_ configuration: S3Configuration) {
        self.configuration = configuration
        signature = SignatureV4(
            accessKeyID: configuration.accessKeyID,
            secretAccessKey: configuration.secretAccessKey,
            region: configuration.region
        )
        var settings = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(connect: .seconds(5), read: .seconds(60)),
            decompression: .disabled
        )
        settings.httpVersion = .http1Only
        // Trying again is for send(_:) to decide.
        settings.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        if let endpoint = configuration.endpoint {
            (origin, pathPrefix) = (endpoint, "/\(configuration.bucket)")
        } else if configuration.bucket.contains(".") {
            // Its certificate covers one label only.
            (origin, pathPrefix) = ("https://s3.\(configuration.region).amazonaws.com", "/\(configuration.bucket)")
        } else {
            (origin, pathPrefix) = ("https://\(configuration.bucket).s3.\(configuration.region).amazonaws.com", "")
        }
        host = Self.host(of: origin)
    }

    func shutdown() async { try? await client.shutdown() }

    /// - Throws: ``ChatError`` `SERVICE_UNAVAILABLE` when the service is out of reach or cannot do it for now,
    ///   `INTERNAL_ERROR` when it refuses; `CancellationError`.
    func send(_ request: Request) async throws -> Answer {
        var attempt = 1
        while true {
            do {
                return try await sendOnce(request)
            } catch {
                try Task.checkCancellation()
                let refusal = error as? Refusal
                if let refusal, !refusal.mayPass { throw ChatError.internalError(underlying: refusal) }
                guard attempt < Self.attempts else { throw ChatError.unavailable(underlying: error) }
                // Jittered, so that nodes do not come back together.
                try await Task.sleep(for: .milliseconds(Int.random(in: 50...100) << attempt))
                attempt += 1
            }
        }
    }

    /// A URL for a `GET` of the object, good for `seconds`.
    func presignedURL(of key: String, at time: Timestamp, seconds: Int) -> String {
        let request = SignatureV4.Request(
            method: "GET",
            path: path(of: key),
            headers: [("host", host)],
            payloadHash: SignatureV4.unsignedPayload
        )
        let query = signature.presignedQuery(
            of: request,
            at: time,
            seconds: seconds,
            sessionToken: configuration.sessionToken
        )
        return "\(origin)\(request.path)?\(query)"
    }

    private func sendOnce(_ request: Request) async throws -> Answer {
        let time = Timestamp.now
        var signed = SignatureV4.Request(
            method: request.method.rawValue,
            path: path(of: request.key),
            query: request.query,
            headers: request.headers,
            payloadHash: SignatureV4.hash(request.body)
        )
        signed.headers += [
            ("host", host), ("x-amz-content-sha256", signed.payloadHash), ("x-amz-date", SignatureV4.date(time)),
        ]
        if let token = configuration.sessionToken { signed.headers.append(("x-amz-security-token", token.value)) }
        let query = SignatureV4.canonicalQuery(of: signed)
        var outgoing = HTTPClientRequest(url: "\(origin)\(signed.path)\(query.isEmpty ? "" : "?\(query)")")
        outgoing.method = request.method
        for header in signed.headers { outgoing.headers.add(name: header.name, value: header.value) }
        outgoing.headers.add(name: "authorization", value: signature.authorization(of: signed, at: time))
        if !request.body.isEmpty || request.method == .PUT || request.method == .POST {
            outgoing.body = .bytes(ByteBuffer(bytes: request.body))
        }
        let response = try await client.execute(outgoing, timeout: .seconds(Self.requestSeconds))
        let body = String(buffer: try await response.body.collect(upTo: Self.largestAnswerBytes))
        let status = response.status.code
        // The end of an upload may fail after its status was sent.
        guard (200..<300).contains(status), !body.contains("<Error>") else {
            throw Refusal(status: status < 300 ? 500 : status, code: Self.element("Code", of: body) ?? "")
        }
        return Answer(headers: response.headers, body: body)
    }

    private func path(of key: String) -> String { "\(pathPrefix)/\(SignatureV4.encode(key, isPath: true))" }

    /// The `host` header: the port belongs to it unless it is the scheme's own.
    private static func host(of origin: String) -> String {
        let (scheme, port) = origin.hasPrefix("https://") ? ("https://", ":443") : ("http://", ":80")
        let host = String(origin.dropFirst(scheme.utf8.count))
        return host.hasSuffix(port) ? String(host.dropLast(port.utf8.count)) : host
    }

    /// The text of the first element of that name, which holds no markup.
    static func element(_ name: String, of xml: String) -> String? {
        guard let start = xml.firstRange(of: "<\(name)>"),
            let end = xml[start.upperBound...].firstRange(of: "</\(name)>")
        else { return nil }
        return String(xml[start.upperBound..<end.lowerBound])
            .replacing("&quot;", with: "\"").replacing("&lt;", with: "<").replacing("&gt;", with: ">")
            .replacing("&amp;", with: "&")
    }
}
