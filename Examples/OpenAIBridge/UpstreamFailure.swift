import AsyncHTTPClient
import Hummingbird
import NIOHTTP1

/// Why the server has no answer, and how the engine is told.
struct UpstreamFailure: Error, Hashable {
    /// What the engine's operators read; users never see it.
    var message: String
    var code: String
    /// Said when nothing was streamed yet. A 4xx means that only this conversation failed; anything else counts for the
    /// engine's circuit breaker.
    var status: HTTPResponse.Status
    var retryAfter: String?

    static func malformed(_ what: String) -> UpstreamFailure {
        UpstreamFailure(
            message: "The server's answer is not understood: \(what)",
            code: "UPSTREAM_MALFORMED",
            status: .badGateway
        )
    }

    static let incomplete = UpstreamFailure(
        message: "The server's answer ended too early.",
        code: "UPSTREAM_INCOMPLETE",
        status: .badGateway
    )

    /// What the server said with a status that is no success.
    init(status: HTTPResponseStatus, headers: HTTPHeaders, words: String) {
        let words = String(words.prefix(500))
        let retryAfter = headers.first(name: "retry-after")
        switch status.code {
        case 401, 403:
            // The key is wrong, which concerns everybody; what the server says may hold a part of it.
            self.init(message: "The server refuses the API key.", code: "UPSTREAM_UNAUTHORIZED", status: .badGateway)
        case 408, 504:
            self.init(message: words, code: "UPSTREAM_TIMEOUT", status: .gatewayTimeout)
        case 429:
            self.init(message: words, code: "UPSTREAM_RATE_LIMIT", status: .tooManyRequests, retryAfter: retryAfter)
        case 400..<500:
            self.init(message: words, code: "UPSTREAM_REFUSED", status: .unprocessableContent)
        case 503:
            self.init(message: words, code: "UPSTREAM_FAILED", status: .serviceUnavailable, retryAfter: retryAfter)
        default:
            self.init(message: words, code: "UPSTREAM_FAILED", status: .badGateway)
        }
    }

    /// What happened to the connection.
    init(_ error: any Error) {
        switch error as? HTTPClientError {
        case .readTimeout?, .deadlineExceeded?, .connectTimeout?, .tlsHandshakeTimeout?:
            self.init(message: "The server is too slow.", code: "UPSTREAM_TIMEOUT", status: .gatewayTimeout)
        default:
            self.init(message: "The connection failed: \(error)", code: "UPSTREAM_UNREACHABLE", status: .badGateway)
        }
    }

    init(message: String, code: String, status: HTTPResponse.Status, retryAfter: String? = nil) {
        self.message = message
        self.code = code
        self.status = status
        self.retryAfter = retryAfter
    }

    var answer: WebhookAnswer.Failure { WebhookAnswer.Failure(message: message, errorCode: code) }
}
