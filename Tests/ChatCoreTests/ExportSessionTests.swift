import Synchronization
import Testing

@testable import ChatCore

@Suite struct ExportSessionTests {
    private func caller(_ name: String = "alice") throws -> Caller {
        Caller(
            clientID: try #require(ClientID(name)),
            isAdministrator: false,
            expiresAt: Timestamp.now.advanced(bySeconds: 60)
        )
    }

    private let request = ExportSession.Request(format: .json, scope: .all)

    @Test func pagesAreReadOneAtATimeAndWrittenBeforeTheNext() async throws {
        let fake = FakeExports(sample: try TranscriptSample(scope: .all), pages: 4)
        let link = try await ExportSession(transcripts: fake, store: fake)(
            request,
            of: fake.sample.session.id,
            caller: caller()
        )
        #expect(
            fake.log == [
                "begin", "write", "page 0", "write", "page 1", "write", "page 2", "write", "page 3", "write", "write",
                "finish", "link 86700",
            ]
        )
        #expect(link.url == "https://store.example")
    }

    @Test func foreignAndUnknownSessionsAreNotFound() async throws {
        let fake = FakeExports(sample: try TranscriptSample(scope: .all), pages: 1)
        for (id, name) in [(fake.sample.session.id, "bob"), (SessionID.make(), "alice")] {
            let error = await #expect(throws: ChatError.self) {
                try await ExportSession(transcripts: fake, store: fake)(request, of: id, caller: caller(name))
            }
            #expect(error?.code == .sessionNotFound)
        }
        #expect(fake.log.isEmpty)
    }

    @Test(arguments: ["page 1", "deleted", "finish"])
    func nothingStaysBehindWhenAnythingFails(failure: String) async throws {
        let fake = FakeExports(sample: try TranscriptSample(scope: .all), pages: 2, failure: failure)
        let error = await #expect(throws: ChatError.self) {
            try await ExportSession(transcripts: fake, store: fake)(
                request,
                of: fake.sample.session.id,
                caller: caller()
            )
        }
        #expect(error?.code == (failure == "deleted" ? .sessionNotFound : .serviceUnavailable))
        #expect(fake.log.last == "abort")
    }

    @Test func noMoreExportsRunThanThereIsRoomFor() async throws {
        let fake = FakeExports(sample: try TranscriptSample(scope: .all), pages: 1, waitsForRelease: true)
        let export = ExportSession(transcripts: fake, store: fake)
        try await withThrowingTaskGroup(of: ExportLink.self) { group in
            for number in 0..<ExportSession.maximumConcurrent {
                let caller = try caller("alice \(number / ExportSession.maximumConcurrentOfClient)")
                group.addTask { try await export(request, of: fake.sample.session.id, caller: caller) }
            }
            await fake.untilWaiting(ExportSession.maximumConcurrent)
            for (name, code) in [("alice", ChatError.Code.serviceUnavailable), ("alice 0", .rateLimitExceeded)] {
                let caller = try caller(name)
                let error = await #expect(throws: ChatError.self) {
                    try await export(request, of: fake.sample.session.id, caller: caller)
                }
                #expect(error?.code == code)
                #expect(error?.retryAfterSeconds == 2)
            }
            fake.release()
            try await group.waitForAll()
            for name in ["alice", "alice 0"] {
                _ = try await export(request, of: fake.sample.session.id, caller: caller(name))
            }
        }
    }

    @Test func oneClientLeavesRoomForOthers() async throws {
        let fake = FakeExports(sample: try TranscriptSample(scope: .all), pages: 1, waitsForRelease: true)
        let export = ExportSession(transcripts: fake, store: fake)
        try await withThrowingTaskGroup(of: ExportLink.self) { group in
            let alice = try caller()
            for _ in 0..<ExportSession.maximumConcurrentOfClient {
                group.addTask { try await export(request, of: fake.sample.session.id, caller: alice) }
            }
            await fake.untilWaiting(ExportSession.maximumConcurrentOfClient)
            let error = await #expect(throws: ChatError.self) {
                try await export(request, of: fake.sample.session.id, caller: alice)
            }
            #expect(error?.code == .rateLimitExceeded)
            let other = try caller("alice 2")
            group.addTask { try await export(request, of: fake.sample.session.id, caller: other) }
            await fake.untilWaiting(ExportSession.maximumConcurrentOfClient + 1)
            fake.release()
            try await group.waitForAll()
        }
    }

    @Test(arguments: [
        ("{}", ["format: required", "scope: required"]),
        (#"{"format":"pdf","scope":1}"#, ["format: invalid_value", "scope: wrong_type"]),
        (#"{"format":"json","scope":"all","to":"x"}"#, ["to: unknown_field"]),
    ])
    func everyFieldAtFaultIsNamed(body: String, fields: [String]) throws {
        let value = try JSONParser.parse(Array(body.utf8))
        let error = #expect(throws: ChatError.self) { try ExportSession.Request(body: value) }
        #expect(error?.validationErrors.map { "\($0.field): \($0.code.rawValue)" } == fields)
    }
}

/// A session of several pages, and a store that records what it is told.
private final class FakeExports: TranscriptStore, ExportStore {
    private struct State {
        var log: [String] = []
        var waiting: [CheckedContinuation<Void, Never>] = []
        var isReleased: Bool
        var watcher: (count: Int, continuation: CheckedContinuation<Void, Never>)?
    }

    let sample: TranscriptSample
    private let pages: Int
    private let failure: String?
    private let state: Mutex<State>

    init(sample: TranscriptSample, pages: Int, failure: String? = nil, waitsForRelease: Bool = false) {
        self.sample = sample
        self.pages = pages
        self.failure = failure
        state = Mutex(State(isReleased: !waitsForRelease))
    }

    var log: [String] { state.withLock { $0.log } }

    func note(_ entry: String) throws {
        state.withLock { $0.log.append(entry) }
        if entry == failure { throw ChatError(.serviceUnavailable, "It failed.") }
    }

    func transcript(of session: SessionID, client: ClientID, scope: ExportScope) async throws -> Transcript? {
        // Of several names, so that several clients can have it read.
        session == sample.session.id && client.rawValue.hasPrefix("alice") ? sample.transcript : nil
    }

    func page(of transcript: Transcript, after position: TranscriptPosition?) async throws -> TranscriptPage? {
        await untilReleased()
        var number = 0
        if case .depth(let last) = position { number = last + 1 }
        try note("page \(number)")
        if failure == "deleted", number == 1 { return nil }
        return TranscriptPage(
            messages: [sample.message(.user, [.text("\(number)")])],
            next: number + 1 < pages ? .depth(number) : nil
        )
    }

    func begin(_ name: ExportName) async throws -> any ExportUpload {
        try note("begin")
        return Upload(exports: self)
    }

    func link(to name: ExportName, validForSeconds seconds: Int) async throws -> ExportLink {
        try note("link \(seconds)")
        return ExportLink(url: "https://store.example", expiresAt: .now)
    }

    func release() {
        let waiting = state.withLock { state in
            state.isReleased = true
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func untilWaiting(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.waiting.count >= count { return true }
                state.watcher = (count, continuation)
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    private func untilReleased() async {
        await withCheckedContinuation { continuation in
            let (isReleased, watcher) = state.withLock { state in
                if state.isReleased { return (true, CheckedContinuation<Void, Never>?.none) }
                state.waiting.append(continuation)
                guard let watcher = state.watcher, state.waiting.count >= watcher.count else { return (false, nil) }
                state.watcher = nil
                return (false, watcher.continuation)
            }
            if isReleased { continuation.resume() }
            watcher?.resume()
        }
    }

    private struct Upload: ExportUpload {
        let exports: FakeExports

        mutating func write(_ bytes: [UInt8]) async throws { try exports.note("write") }
        mutating func finish() async throws { try exports.note("finish") }
        mutating func abort() async { try? exports.note("abort") }
    }
}
