internal import FoundationEssentials

/// Carries out a request that may be sent again once, however often and to whatever node it is sent within 24 h
/// (`contract/semantics.md`, 'Idempotency').
///
/// A repetition that comes while the first is being carried out waits for its answer. The right to carry out is a short
/// lease that is renewed meanwhile: a node that dies holds nobody up for longer than that.
public struct CarryOutOnce: Sendable {
    public struct Timing: Sendable {
        public var leaseSeconds = 15
        public var renewalInterval: Duration = .seconds(5)
        /// How long a repetition waits for the answer to the first: as long as backends take that have
        /// `max_duration_seconds` as it is by default, and then some.
        public var patience: Duration = .seconds(320)
        /// Between two looks; doubled each time, up to ``longestPause``.
        public var firstPause: Duration = .milliseconds(50)
        public var longestPause: Duration = .seconds(1)

        public init() {}
    }

    public enum Outcome<Answer: Sendable>: Sendable {
        case carriedOut(Answer)
        /// The first answer, as it was kept.
        case answeredBefore([UInt8])
        /// The key was given with another request.
        case keyReused
        /// The first is still being carried out after all the patience.
        case stillRunning
    }

    /// Why an answer was not kept. The client has it all the same; a repetition is carried out anew once the lease is
    /// over.
    public enum Loss: Sendable {
        /// The lease had run out, and somebody else has taken over.
        case tooLate
        case failed(any Error)
    }

    private let answers: any KeptAnswerStore
    private let timing: Timing

    public init(answers: any KeptAnswerStore, timing: Timing = Timing()) {
        self.answers = answers
        self.timing = timing
    }

    /// - Parameters:
    ///   - perform: carries the request out, as another node may have begun to; what it throws is thrown on, and the
    ///     request may be sent again.
    ///   - kept: the answer as it is to be kept; `nil` for one that another attempt may change.
    ///   - lost: told when the answer could not be kept.
    /// - Throws: ``ChatError`` `SERVICE_UNAVAILABLE` when the store is out of reach before anything was done; what
    ///   `perform` throws; and when a kept answer does not open.
    public func callAsFunction<Answer: Sendable>(
        _ request: RepeatableRequest,
        sealedWith key: some SealingKey,
        perform: (KeyedRequest) async throws -> Answer,
        kept: (Answer) async throws -> [UInt8]?,
        lost: (Loss) -> Void
    ) async throws -> Outcome<Answer> {
        let holder = UUID()
        let keyed: KeyedRequest
        switch try await claim(request, by: holder) {
        case .claimed(let since): keyed = KeyedRequest(request, since: since)
        case .answered(let sealed): return .answeredBefore(try key.open(sealed, of: request))
        case .keyReused: return .keyReused
        case .running: return .stillRunning
        }
        let answer: Answer
        do {
            answer = try await performing(request, by: holder) { try await perform(keyed) }
        } catch {
            await settle(request, by: holder, lost: lost) { nil }
            throw error
        }
        await settle(request, by: holder, lost: lost) { try await kept(answer).map { try key.seal($0, to: request) } }
        return .carriedOut(answer)
    }

    private func claim(_ request: RepeatableRequest, by holder: UUID) async throws -> AnswerClaim {
        let deadline = ContinuousClock.now + timing.patience
        var pause = timing.firstPause
        while true {
            let claim = try await answers.claim(request, by: holder, leaseSeconds: timing.leaseSeconds)
            guard claim == .running, ContinuousClock.now + pause < deadline else { return claim }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, timing.longestPause)
        }
    }

    /// Keeps the lease meanwhile.
    private func performing<Answer: Sendable>(
        _ request: RepeatableRequest,
        by holder: UUID,
        _ perform: () async throws -> Answer
    ) async throws -> Answer {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await keepLease(on: request, by: holder) }
            defer { group.cancelAll() }
            return try await perform()
        }
    }

    private func keepLease(on request: RepeatableRequest, by holder: UUID) async {
        var isHeld = true
        while isHeld {
            do {
                try await Task.sleep(for: timing.renewalInterval)
                isHeld = try await answers.renewClaim(on: request, by: holder, leaseSeconds: timing.leaseSeconds)
            } catch {
                // While the database is away there is nothing better than to try again.
                if Task.isCancelled { return }
            }
        }
    }

    /// Keeps the answer, or gives the request free where there is none to be kept.
    private func settle(
        _ request: RepeatableRequest,
        by holder: UUID,
        lost: (Loss) -> Void,
        _ seal: () async throws -> [UInt8]?
    ) async {
        do {
            if let sealed = try await seal() {
                if try await !answers.keep(sealed, to: request, by: holder) { lost(.tooLate) }
            } else {
                try await answers.releaseClaim(on: request, by: holder)
            }
        } catch {
            lost(.failed(error))
        }
    }
}
