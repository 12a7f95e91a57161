import AsyncHTTPClient
public import ChatCore
import NIOCore
import NIOHTTP1

/// A REST client for tests. Every answer of the API has to be as `docs/openapi.yaml` describes it.
public struct APIClient: Sendable {
    public struct Answer: Sendable, CustomStringConvertible {
        public var status: Int
        /// By lower-case name.
        public var headers: [String: String]
        /// `null` when it was no JSON.
        public var body: JSONValue
        public var bytes: [UInt8]

        public subscript(name: String) -> JSONValue? { body[name] }

        /// The contract's `error_code`, empty when there is none.
        public var errorCode: String { body["error_code"]?.stringValue ?? "" }

        public var description: String { "\(status) \(String(decoding: bytes.prefix(1000), as: UTF8.self))" }
    }

    public var baseURL: String
    public var token: String?
    /// How long a request waits for the whole of its answer.
    public var timeoutSeconds: Int64 = 40

    /// - Parameter baseURL: without a slash at its end, like `http://127.0.0.1:8101`.
    public init(baseURL: String, token: String? = nil) {
        self.baseURL = baseURL
        self.token = token
    }

    public func get(_ path: String) async throws -> Answer { try await send("GET", path) }

    public func post(_ path: String, _ body: JSONValue? = nil) async throws -> Answer {
        try await send("POST", path, body: body)
    }

    public func delete(_ path: String) async throws -> Answer { try await send("DELETE", path) }

    /// Sends a request with a JSON body, or none.
    public func send(_ method: String, _ path: String, body: JSONValue? = nil) async throws -> Answer {
        try await send(method, path, bytes: body?.bytes, headers: body == nil ? [] : Self.jsonHeaders)
    }

    /// Sends a request with any body and any headers besides the token.
    ///
    /// - Throws: AsyncHTTPClient's errors when there is no answer in time; ``TestSupportError`` when it is not as
    ///   described.
    public func send(
        _ method: String,
        _ path: String,
        bytes: [UInt8]?,
        headers: [(name: String, value: String)] = []
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: baseURL + path)
        request.method = HTTPMethod(rawValue: method)
        if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
        for header in headers { request.headers.add(name: header.name, value: header.value) }
        if method == "HEAD", !request.headers.contains(name: "accept-encoding") {
            // Otherwise AsyncHTTPClient asks for an encoding, and fails to decode the body that is not there.
            request.headers.add(name: "accept-encoding", value: "identity")
        }
        if let bytes { request.body = .bytes(bytes) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(timeoutSeconds))
        let body = try await response.body.collect(upTo: 64 << 20)
        let answer = Answer(
            status: Int(response.status.code),
            headers: response.headers.reduce(into: [:]) { headers, field in
                // Several fields of a name are one list (RFC 9110, section 5.3).
                let name = field.name.lowercased()
                headers[name] = headers[name].map { "\($0), \(field.value)" } ?? field.value
            },
            body: (try? JSONParser.parse(body.readableBytesView)) ?? .null,
            bytes: Array(body.readableBytesView)
        )
        if path.hasPrefix(APIDescription.basePath) { try answer.check(asAnswerTo: method, path) }
        return answer
    }

    public static let jsonHeaders = [(name: "content-type", value: "application/json")]
}
