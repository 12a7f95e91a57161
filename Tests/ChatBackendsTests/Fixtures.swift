import ChatCore
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import ChatBackends

extension SessionType {
    static func calling(_ url: String, maxConnections: Int = 1024, secret: String? = nil) -> SessionType {
        SessionType(
            id: .make(),
            name: "Test",
            webhookURL: url,
            webhookSecret: secret,
            timeoutSeconds: 30,
            maxDurationSeconds: 300,
            maxConnections: maxConnections
        )
    }
}

extension AnswerRequest {
    static func new(_ sessionType: SessionType, traceparent: String? = nil) -> AnswerRequest {
        AnswerRequest(
            kind: .new(messageID: .make(), content: [.text("Hello")], fileURLs: []),
            sessionType: sessionType,
            sessionID: .make(),
            responseMessageID: .make(),
            sessionMetadata: [:],
            enabledCapabilities: [],
            history: [],
            traceparent: traceparent
        )
    }
}

extension SessionCreatedNotice {
    static func of(_ sessionType: SessionType) throws -> SessionCreatedNotice {
        SessionCreatedNotice(sessionType: sessionType, sessionID: .make(), clientID: try #require(ClientID("client-1")))
    }
}

/// Bounds far beyond what a test takes, unless it is about one of them.
struct TestBounds {
    var silence: TimeAmount = .seconds(60)
    var whole: TimeAmount = .seconds(120)
    var connect: TimeAmount = .seconds(60)
}

/// Runs `body` with a backend of its own.
func withBackend(
    _ bounds: TestBounds = TestBounds(),
    on eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
    configuration: WebhookConfiguration = WebhookConfiguration(),
    _ body: (WebhookBackend) async throws -> Void
) async throws {
    let exchangeBounds = ExchangeBounds(connect: bounds.connect, silence: bounds.silence, whole: bounds.whole)
    let backend = WebhookBackend(
        configuration: configuration,
        eventLoopGroup: eventLoopGroup,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        sleep: { _ in },
        bounds: { _ in exchangeBounds }
    )
    do {
        try await body(backend)
    } catch {
        try? await backend.shutdown()
        throw error
    }
    try await backend.shutdown()
}

/// The events a handler was given.
final class Events: Sendable {
    private let events = Mutex<[BackendEvent]>([])

    var all: [BackendEvent] { events.withLock { $0 } }

    /// The text of all chunks, one after the other.
    var text: String {
        all.reduce(into: "") { text, event in
            if case .chunk(let chunk) = event { text += chunk.content }
        }
    }

    func append(_ event: BackendEvent) {
        events.withLock { $0.append(event) }
    }
}

/// Runs `operation`, which is to fail with a ``ChatError``.
func chatError(_ operation: () async throws -> Void) async throws -> ChatError {
    do {
        try await operation()
    } catch let error as ChatError {
        return error
    }
    throw NoError()
}

struct NoError: Error {}

func chunk(_ text: String) -> String {
    "event: chunk\ndata: {\"type\":\"text\",\"content\":\"\(text)\"}\n\n"
}

let complete = "event: complete\ndata: {\"metadata\":{\"usage\":{\"output_tokens\":2}}}\n\n"
