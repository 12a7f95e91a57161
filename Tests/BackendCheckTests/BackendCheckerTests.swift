import ChatCore
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import BackendCheck

@Suite(.timeLimit(.minutes(5)))
struct BackendCheckerTests {
    /// Bounds far beyond what a test takes, unless it is about one of them.
    private func options(_ stub: StubBackend, fault: String? = nil) -> CheckOptions {
        var options = CheckOptions(url: stub.url)
        let isAboutTime = fault.map { $0.hasPrefix("time.") || $0 == "cancel.frees_workers" } ?? false
        options.timeout = isAboutTime ? .milliseconds(300) : .seconds(60)
        options.drain = fault == "stream.end" ? .milliseconds(100) : .seconds(60)
        options.longPrompt = ModelBackend.longPrompt
        options.failingPrompt = ModelBackend.failingPrompt
        if fault.map({ $0.hasPrefix("signature.") }) ?? true { options.secret = ModelBackend.secret }
        return options
    }

    @Test func `A backend that keeps the contract meets every expectation`() async throws {
        let model = ModelBackend(isSigned: true)
        try await StubBackend.with(model.answer) { stub in
            var options = options(stub)
            options.now = { model.time.now }
            let outcomes = try await BackendChecker.check(options)
            #expect(outcomes.map(\.0) == Expectation.all)
            for (expectation, outcome) in outcomes {
                #expect(outcome.name == "passed", "\(expectation.id): \(outcome.detail ?? "")")
            }
        }
    }

    @Test(arguments: Expectation.all.map(\.id))
    func `Each expectation can fail`(id: String) async throws {
        let isSigned = id.hasPrefix("signature.")
        let model = ModelBackend(fault: id, isSigned: isSigned)
        try await StubBackend.with(model.answer) { stub in
            var options = options(stub, fault: id)
            options.only = [id]
            options.now = { model.time.now }
            // The times of answers are looked at when somebody asks something.
            if id.hasPrefix("time.") || id == "stream.end" || id == "stream.usage" { options.only.append("new.answer") }
            // On a busy machine a bound can be over before the backend came to its fault.
            var outcome: Outcome?
            for factor in [1, 4, 4, 4] where outcome?.gravity ?? 0 < Outcome.warned("").gravity {
                options.timeout = options.timeout * factor
                outcome = try await BackendChecker.check(options).first { $0.0.id == id }?.1
            }
            #expect(["failed", "warned"].contains(outcome?.name), "\(id): \(String(describing: outcome))")
        }
    }

    @Test func `No two expectations have the same id, and each says what to do`() {
        #expect(Set(Expectation.all.map(\.id)).count == Expectation.all.count)
        #expect(Expectation.all.allSatisfy { $0.id.contains(".") && !$0.title.isEmpty && !$0.advice.isEmpty })
    }

    @Test func `Only what is asked for is called and reported`() async throws {
        let (events, event) = AsyncStream.makeStream(of: String.self)
        try await StubBackend.with { exchange in
            event.yield((try? JSONParser.parse(exchange.body))?["event"]?.stringValue ?? "")
            try await ModelBackend().answer(exchange)
        } _: { stub in
            var options = options(stub)
            options.only = ["summary", "health.answer"]
            let outcomes = try await BackendChecker.check(options)
            #expect(outcomes.map(\.0) == [.summaryAnswer, .healthAnswer])
        }
        event.finish()
        let called = await events.reduce(into: []) { $0.append($1) }
        #expect(called == ["session.created", "session.summary", "session_type.health_check"])
    }

    @Test func `Without a secret signatures are not looked at`() async throws {
        try await StubBackend.with(ModelBackend().answer) { stub in
            var options = options(stub)
            options.secret = nil
            options.only = ["signature", "created.answer"]
            let outcomes = try await BackendChecker.check(options)
            #expect(outcomes.map(\.1.name) == ["passed"] + Expectation.signatures.map { _ in "skipped" })
        }
    }

    @Test func `A backend that wants a signature is recognised`() async throws {
        try await StubBackend.with(ModelBackend(isSigned: true).answer) { stub in
            var options = options(stub)
            options.secret = nil
            options.only = ["created.answer"]
            let outcome = try #require(try await BackendChecker.check(options).first?.1)
            #expect(outcome == .failed("the call was refused: is a --secret needed?"))
        }
    }

    @Test func `An answer that is cut off is closed`() async throws {
        let (closed, close) = AsyncStream.makeStream(of: Void.self)
        try await StubBackend.with { exchange in
            exchange.connectionClosed.whenComplete { _ in close.yield() }
            try await exchange.begin()
            try await exchange.write("event: chunk\ndata: {\"type\": \"text\", \"content\": \"a\"}\n\n")
            try await exchange.connectionClosed.get()
        } _: { stub in
            let caller = BackendCaller(options(stub))
            let session = try SampleSession(url: stub.url)
            let answer = await caller.call(session.new([.text("count")]), cut: .atFirstBytes)
            #expect(answer.end == .cut)
            var iterator = closed.makeAsyncIterator()
            await iterator.next()
            try await caller.shutdown()
        }
    }

    @Test func `Nobody there is no answer to judge`() async throws {
        let port = try FreePort.next()
        await #expect(throws: CheckFailure.self) {
            try await BackendChecker.check(CheckOptions(url: "http://127.0.0.1:\(port)/"))
        }
    }
}
