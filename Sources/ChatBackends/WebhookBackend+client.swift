internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTP2
internal import NIOSSL

extension HTTPClient.Configuration {
    /// How webhooks are called: only at the address that was checked, no redirects, no proxy, no decompression, and
    /// failures seen at once instead of hidden by attempts of the client's own.
    init(webhooks configuration: WebhookConfiguration, for purpose: ClientPool.Purpose) {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = SystemTrust.roots
        tls.minimumTLSVersion = .tlsv12
        let connectMilliseconds =
            purpose.hasAlternatives
            ? configuration.alternativeConnectTimeoutMilliseconds : configuration.connectTimeoutMilliseconds
        self.init(
            tlsConfiguration: tls,
            redirectConfiguration: .disallow,
            timeout: Timeout(connect: .milliseconds(Int64(connectMilliseconds))),
            proxy: nil,
            decompression: .disabled
        )
        // A host that is an address already is connected to as it is.
        if AddressBook.literal(purpose.host) == nil { dnsOverride = [purpose.host: purpose.address] }
        connectionPool.idleTimeout = .milliseconds(Int64(configuration.idleConnectionMilliseconds))
        // What limits connections is the session type's `max_connections`.
        connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1_000_000
        connectionPool.retryConnectionEstablishment = false
        httpVersion = .automatic
        http1_1ConnectionDebugInitializer = { channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
                try pipeline.addHandler(AnswerFlowHandler(), position: .after(decoder))
            }
        }
        http2StreamChannelDebugInitializer = { channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                let codec = try pipeline.handler(type: HTTP2FramePayloadToHTTP1ClientCodec.self)
                try pipeline.addHandler(AnswerFlowHandler(), position: .after(codec))
            }
        }
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
