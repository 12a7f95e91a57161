import ChatCore
import ChatRuntime
import Hummingbird
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import ChatAPI

/// Repetitions that meet the first request while it is being carried out, or after its node has died.
@Suite(.timeLimit(.minutes(1))) struct ConcurrentRepetitionTests {
    private let answers = FakeKeptAnswers()
    private let log = RecordingLog()
    private let count = Counted()

    private func repetitions(_ change: (inout Repetitions.Timing) -> Void = { _ in }) -> Repetitions {
        var timing = Repetitions.Timing()
        timing.firstPause = .milliseconds(1)
        timing.longestPause = .milliseconds(1)
        change(&timing)
        return Repetitions(answers: answers, timing: timing, logger: log.logger)
    }

    private func request(key: String = "k-1") throws -> APIRequest {
        let head = HTTPRequest(
            method: .post,
            scheme: nil,
            authority: nil,
            path: "/api/v1/sessions",
            headerFields: [.idempotencyKey: key]
        )
        return APIRequest(
            request: Request(head: head, body: RequestBody(buffer: ByteBuffer())),
            parameters: Parameters([]),
            caller: Caller(clientID: try Sample.client("alice"), isAdministrator: false, expiresAt: .now),
            trace: TraceContext.make(),
            maximumBodyBytes: 100,
            channel: EmbeddedChannel()
        )
    }

    private func answer() -> Response {
        count.add()
        return Answer.json(["count": .integer(count.value)])
    }

    @Test func aRepetitionWaitsForTheFirstAnswer() async throws {
        let gate = AsyncStream<Void>.makeStream()
        let repetitions = repetitions()
        let (one, two) = (try request(), try request())
        async let first = repetitions.respond(to: one) { _ in
            for await _ in gate.stream { break }
            return answer()
        }
        await answers.events.first(.claimed)
        async let second = repetitions.respond(to: two) { _ in answer() }
        await answers.events.first(.waiting)
        gate.continuation.yield()
        #expect(try await first.headers[.idempotentReplayed] == nil)
        #expect(try await second.headers[.idempotentReplayed] == "true")
        #expect(count.value == 1)
    }

    @Test func aRepetitionDoesNotWaitForEver() async throws {
        let gate = AsyncStream<Void>.makeStream()
        let repetitions = repetitions { $0.patience = .zero }
        let (one, two) = (try request(), try request())
        async let first = repetitions.respond(to: one) { _ in
            for await _ in gate.stream { break }
            return answer()
        }
        await answers.events.first(.claimed)
        let error = await #expect(throws: ChatError.self) {
            try await repetitions.respond(to: two) { _ in answer() }
        }
        #expect(error?.code == .conflict)
        #expect(error?.retryAfterSeconds == 1)
        gate.continuation.yield()
        _ = try await first
        #expect(count.value == 1)
    }

    @Test func aDeadNodeHoldsNobodyUpForLongerThanItsLease() async throws {
        let gate = AsyncStream<Void>.makeStream()
        let repetitions = repetitions()
        let (one, two) = (try request(), try request())
        // It never renews its lease, and comes back to life too late.
        async let late = repetitions.respond(to: one) { _ in
            for await _ in gate.stream { break }
            return Answer.json(["late": true])
        }
        await answers.events.first(.claimed)
        answers.endLeases()
        let response = try await repetitions.respond(to: two) { _ in answer() }
        #expect(response.headers[.idempotentReplayed] == nil)
        let kept = answers.answers
        gate.continuation.yield()
        _ = try await late
        #expect(answers.answers == kept)
        #expect(log.records.contains { $0.hasPrefix("warning An answer came too late to be kept") })
    }

    @Test func theLeaseIsRenewedForAsLongAsTheRequestTakes() async throws {
        let repetitions = repetitions { $0.renewalInterval = .milliseconds(1) }
        _ = try await repetitions.respond(to: try request()) { _ in
            for _ in 0..<3 { await answers.events.first(.renewed) }
            return answer()
        }
        #expect(answers.answers.count == 1)
    }

    @Test func aRequestThatBreaksOffMayBeSentAgain() async throws {
        let repetitions = repetitions()
        await #expect(throws: BrokenBody.self) {
            try await repetitions.respond(to: try request()) { _ in
                throw BrokenBody(underlyingError: CancellationError())
            }
        }
        #expect(answers.answers.isEmpty)
        _ = try await repetitions.respond(to: try request()) { _ in answer() }
        #expect(count.value == 1)
    }

    @Test func aClientHasItsAnswerEvenWhenItCannotBeKept() async throws {
        let response = try await repetitions().respond(to: try request()) { _ in
            answers.endLeases()
            return Response(
                status: .ok,
                body: ResponseBody(byteBuffer: ByteBuffer(repeating: 0x20, count: KeptAnswer.maximumBodyBytes + 1))
            )
        }
        #expect(response.status == .ok)
        #expect(answers.answers.isEmpty)
    }
}

private final class Counted: Sendable {
    private let number = Mutex(0)

    var value: Int { number.withLock { $0 } }

    func add() { number.withLock { $0 += 1 } }
}

extension AsyncStream<FakeKeptAnswers.Event> {
    /// Returns when the event has happened.
    fileprivate func first(_ event: FakeKeptAnswers.Event) async {
        for await happened in self where happened == event { return }
    }
}
