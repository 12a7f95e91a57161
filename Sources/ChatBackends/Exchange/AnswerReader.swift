internal import ChatCore
internal import NIOCore
internal import NIOHTTP1

/// Reads the answer of an exchange: checks its head, bounds its size, hands its events over one after the other.
struct AnswerReader {
    private let exchange: WebhookExchange
    private let configuration: WebhookConfiguration
    private let metrics: BackendMetrics
    private let startedAt: NIODeadline
    private let hasBegun: () -> Void
    private var receivedBytes = 0
    private var hasEvent = false
    private var hasChunk = false

    /// - Parameter hasBegun: called with the first event of a streaming answer.
    init(
        _ exchange: WebhookExchange,
        configuration: WebhookConfiguration,
        metrics: BackendMetrics,
        startedAt: NIODeadline,
        hasBegun: @escaping () -> Void
    ) {
        self.exchange = exchange
        self.configuration = configuration
        self.metrics = metrics
        self.startedAt = startedAt
        self.hasBegun = hasBegun
    }

    /// Reads a streaming or a plain answer and returns after `handle` took `complete`.
    ///
    /// - Throws: ``BackendFailure``, `CancellationError`, or what `handle` throws.
    mutating func streamEvents(
        of event: WebhookEvent,
        to handle: @Sendable (BackendEvent) async throws -> Void
    ) async throws {
        switch try await mediaType() {
        case .eventStream:
            try await decodeStream(handle)
        case .json:
            let body = try await wholeBody()
            let events = try BackendAnswer.events(body, to: event)
            record(events, bytes: body.readableBytes)
            for event in events { try await handle(event) }
        }
    }

    /// Reads an answer that is JSON as a whole.
    ///
    /// - Throws: ``BackendFailure``, `CancellationError`.
    mutating func json() async throws -> ByteBuffer {
        guard try await mediaType() == .json else {
            throw BackendFailure(.malformed, "The answer is not JSON")
        }
        return try await wholeBody()
    }

    /// Returns when the answer's head says that the call was a success, whatever else the answer is.
    ///
    /// - Throws: ``BackendFailure``, `CancellationError`.
    mutating func success() async throws {
        _ = try await head()
    }

    private mutating func decodeStream(_ handle: @Sendable (BackendEvent) async throws -> Void) async throws {
        let bytes = configuration.maximumEventBytes
        var decoder = StreamDecoder(limits: SSEParser.Limits(lineBytes: bytes, eventBytes: bytes))
        var events: [BackendEvent] = []
        while let buffer = try await nextBuffer() {
            var failure: BackendFailure?
            do throws(BackendFailure) {
                try decoder.decode(buffer, into: &events)
            } catch {
                failure = error
            }
            record(events, bytes: buffer.readableBytes)
            for event in events { try await handle(event) }
            if decoder.isComplete { return }
            if let failure { throw failure }
            events.removeAll(keepingCapacity: true)
        }
        try decoder.finish()
    }

    private mutating func record(_ events: [BackendEvent], bytes: Int) {
        if !hasEvent, !events.isEmpty {
            hasEvent = true
            hasBegun()
        }
        let chunks = events.count { if case .chunk = $0 { true } else { false } }
        if chunks > 0, !hasChunk {
            hasChunk = true
            metrics.firstChunk(afterNanoseconds: (NIODeadline.now() - startedAt).nanoseconds)
        }
        metrics.received(bytes: bytes, chunks: chunks)
    }

    private mutating func wholeBody() async throws -> ByteBuffer {
        var body = ByteBuffer()
        while var buffer = try await nextBuffer() { body.writeBuffer(&buffer) }
        return body
    }

    private mutating func nextBuffer() async throws -> ByteBuffer? {
        guard case .body(let buffer)? = try await exchange.next() else { return nil }
        guard buffer.readableBytes <= configuration.maximumAnswerBytes - receivedBytes else {
            throw BackendFailure(.malformed, "The answer is too large")
        }
        receivedBytes += buffer.readableBytes
        return buffer
    }

    private enum MediaType {
        case eventStream, json
    }

    private func head() async throws -> HTTPResponseHead {
        guard case .head(let head)? = try await exchange.next() else {
            throw BackendFailure(.connection, "The answer has no head")
        }
        guard (200..<300).contains(head.status.code) else {
            throw BackendFailure(
                .status(Int(head.status.code)),
                "The backend answered \(head.status.code)",
                retryAfterSeconds: head.headers.first(name: "retry-after").flatMap { RetryAfter.seconds($0, at: .now) }
            )
        }
        return head
    }

    private func mediaType() async throws -> MediaType {
        let head = try await head()
        if let encoding = head.headers.first(name: "content-encoding"), encoding.lowercased() != "identity" {
            throw BackendFailure(.malformed, "The answer is encoded, which was not asked for")
        }
        let contentType = head.headers.first(name: "content-type") ?? ""
        switch contentType.prefix(while: { $0 != ";" && !$0.isWhitespace }).lowercased() {
        case "text/event-stream": return .eventStream
        case "application/json": return .json
        default: throw BackendFailure(.malformed, "The answer has another content type: \(contentType)")
        }
    }
}
