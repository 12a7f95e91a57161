internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1

extension HTTPClient.Configuration {
    /// How webhooks are called: no redirects, no proxy, no decompression, and failures seen at once instead of hidden
    /// by attempts of the client's own.
    init(webhooks configuration: WebhookConfiguration) {
        self.init(
            redirectConfiguration: .disallow,
            timeout: Timeout(connect: .milliseconds(Int64(configuration.connectTimeoutMilliseconds))),
            proxy: nil,
            decompression: .disabled
        )
        connectionPool.idleTimeout = .milliseconds(Int64(configuration.idleConnectionMilliseconds))
        // The pool's limit is one per host, so session types that share a host would starve each other: the limit
        // that holds is the session type's.
        connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1_000_000
        connectionPool.retryConnectionEstablishment = false
        httpVersion = .automatic
    }
}

extension HTTPClient.Request {
    /// The request that carries an event to a webhook.
    ///
    /// - Throws: ``BackendFailure`` when `url` is not an http(s) address.
    init(webhook url: String, headers: HTTPHeaders, body: [UInt8]) throws {
        var headers = headers
        headers.add(name: "content-type", value: "application/json")
        headers.add(name: "accept", value: "text/event-stream, application/json")
        headers.add(name: "user-agent", value: "chat-engine")
        do {
            try self.init(url: url, method: .POST, headers: headers, body: .bytes(body))
        } catch {
            throw BackendFailure(.connection, "The webhook_url is not valid", underlyingError: error)
        }
        guard scheme == "http" || scheme == "https" else {
            throw BackendFailure(.connection, "The webhook_url is neither http nor https")
        }
    }
}
