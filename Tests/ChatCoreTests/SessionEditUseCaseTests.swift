import ChatCore
import Synchronization
import TestFakes
import Testing

@Suite struct SessionEditUseCaseTests {
    private let caller = Caller(clientID: .test, isAdministrator: false, expiresAt: .now)

    private func delete(_ answers: [Result<SessionDeletion, ChatError>]) async -> (ScriptedEditor, ChatError?) {
        let editor = ScriptedEditor(answers)
        let node = Node(id: .make(), name: "test", role: .api)
        let registry = StreamRegistry()
        let stopMessage = StopMessage(
            node: node,
            leases: GoneLeases(),
            directory: EmptyDirectory(),
            registry: registry,
            signals: NodeSignals(node: node, bus: SilentBus(), registry: registry, observer: SilentObserver())
        )
        do {
            try await DeleteSession(editor: editor, stopMessage: stopMessage)(.make(), caller: caller)
            return (editor, nil)
        } catch {
            return (editor, error as? ChatError)
        }
    }

    @Test func aDeletionWaitsForStreamsToStop() async {
        let (editor, error) = await delete([.success(.streaming([.make(), .make()])), .success(.deleted)])
        #expect(error == nil)
        #expect(editor.calls == [false, false])
    }

    @Test func aDeletionDoesNotWaitForEver() async {
        let busy = Result<SessionDeletion, ChatError>.success(.streaming([.make()]))
        let (editor, error) = await delete([busy, busy, busy, .success(.deleted)])
        #expect(error == nil)
        #expect(editor.calls == [false, false, false, true])
    }

    @Test func anUnknownSessionIsNotFound() async {
        #expect(await delete([.success(.notFound)]).1?.code == .sessionNotFound)
        // Somebody else deleted it while its stream was being stopped.
        #expect(await delete([.success(.streaming([.make()])), .success(.notFound)]).1?.code == .sessionNotFound)
    }

    @Test func aDeletionWhoseOutcomeIsUnknownIsLookedInto() async {
        let lost = ChatError.unavailable(underlying: UnknownOutcomeError(underlyingError: CancellationError()))
        for second in [SessionDeletion.notFound, .deleted] {
            #expect(await delete([.failure(lost), .success(second)]).1 == nil)
        }
        let away = ChatError.unavailable(underlying: CancellationError())
        #expect(await delete([.failure(away)]).1?.code == .serviceUnavailable)
    }
}

/// Answers deletions one after the other.
private final class ScriptedEditor: SessionEditor {
    private let state: Mutex<(answers: [Result<SessionDeletion, ChatError>], calls: [Bool])>

    init(_ answers: [Result<SessionDeletion, ChatError>]) {
        state = Mutex((answers, []))
    }

    /// `evenWhileStreaming` of each call.
    var calls: [Bool] { state.withLock { $0.calls } }

    func patchMetadata(_ patch: JSONObject, of session: SessionID, client: ClientID) async throws -> SessionEdit? {
        nil
    }

    func switchType(
        of session: SessionID,
        client: ClientID,
        to type: SessionTypeID,
        capabilities: [Capability]
    ) async throws -> SessionEdit? {
        nil
    }

    func deleteSession(
        _ id: SessionID,
        of client: ClientID,
        evenWhileStreaming: Bool,
        traceparent: String?
    ) async throws -> SessionDeletion {
        let answer = state.withLock { state in
            state.calls.append(evenWhileStreaming)
            return state.answers.isEmpty ? .success(.notFound) : state.answers.removeFirst()
        }
        return try answer.get()
    }
}

/// Every message is gone already.
private struct GoneLeases: StreamLeaseStore {
    func renewLease(of node: Node, seconds: Int) async throws -> [StopRequest] { [] }
    func endLease(of node: NodeID) async throws {}
    func requestStop(of message: MessageID, client: ClientID) async throws -> StopTarget { .messageNotFound }
    func closeOrphan(_ message: MessageID, client: ClientID) async throws -> ClosedStream? { nil }
    func closeOrphans(limit: Int) async throws -> [ClosedStream] { [] }
    func closeForgotten(
        of node: NodeID,
        running: [MessageID],
        after seconds: Int,
        limit: Int
    ) async throws -> [ClosedStream] { [] }
}

/// Knows no stream.
struct EmptyDirectory: StreamDirectory {
    func stream(_ id: MessageID, for reader: ClientID) async throws -> KnownStream? { nil }
    func owner(ofMessage id: MessageID, by guest: ClientID) async throws -> ClientID? { nil }
}
