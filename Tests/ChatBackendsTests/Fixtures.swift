import ChatCore
import Dispatch
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

    /// What surrounds a backend with these bounds: retries do not wait.
    var surroundings: WebhookCaller.Surroundings {
        let bounds = ExchangeBounds(connect: connect, silence: silence, whole: whole)
        var surroundings = WebhookCaller.Surroundings(bounds: { _ in bounds })
        surroundings.sleep = { _ in }
        return surroundings
    }
}

/// Runs `body` with a backend of its own, which may call this machine.
func withBackend(
    _ bounds: TestBounds = TestBounds(),
    on eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
    configuration: WebhookConfiguration = WebhookConfiguration(),
    logger: Logger = .silent,
    allowingPrivate: Bool = true,
    surroundings: WebhookCaller.Surroundings? = nil,
    _ body: (WebhookBackend) async throws -> Void
) async throws {
    var configuration = configuration
    configuration.allowsPrivateAddresses = allowingPrivate
    let backend = WebhookBackend(
        configuration: configuration,
        eventLoopGroup: eventLoopGroup,
        logger: logger,
        surroundings: surroundings ?? bounds.surroundings
    )
    do {
        try await body(backend)
    } catch {
        try? await backend.shutdown()
        throw error
    }
    try await backend.shutdown()
}

extension Logger {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

/// A time that passes when a test says so.
final class ManualTime: Sendable {
    private let time = Mutex(NIODeadline.uptimeNanoseconds(1_000_000_000_000))

    var now: NIODeadline { time.withLock { $0 } }

    func pass(_ amount: TimeAmount) {
        time.withLock { $0 = $0 + amount }
    }
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

/// Lets blocking code wait until a test opens it.
final class DispatchGate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func wait() {
        semaphore.wait()
        semaphore.signal()
    }

    func open() { semaphore.signal() }
}
