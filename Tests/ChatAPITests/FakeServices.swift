import ChatCore
import Synchronization

struct FakeBackend: Backend {
    /// What it says it can do, or why it fails.
    var capabilities: Result<[Capability], ChatError> = .success([])

    var health: Result<BackendHealth, ChatError> = .success(
        BackendHealth(status: .degraded, version: "2.1", capabilities: ["streaming", ["id": "search"]])
    )
    let traces = Traces()

    func sessionCreated(_ notice: SessionCreatedNotice) async throws -> [Capability] {
        traces.append(notice.traceparent)
        return try capabilities.get()
    }

    func checkHealth(of sessionType: SessionType, traceparent: String?) async throws -> BackendHealth {
        traces.append(traceparent)
        return try health.get()
    }

    func streamAnswer(
        to request: AnswerRequest,
        handle: @Sendable (BackendEvent) async throws -> Void
    ) async throws {}
}

/// The `traceparent` of each call.
final class Traces: Sendable {
    private let traceparents = Mutex<[String?]>([])

    var all: [String?] { traceparents.withLock { $0 } }

    func append(_ traceparent: String?) { traceparents.withLock { $0.append(traceparent) } }
}

/// Knows no stream.
struct EmptyDirectory: StreamDirectory {
    func stream(_ id: MessageID, for reader: ClientID) async throws -> KnownStream? { nil }
    func owner(ofMessage id: MessageID, by guest: ClientID) async throws -> ClientID? { nil }
}
