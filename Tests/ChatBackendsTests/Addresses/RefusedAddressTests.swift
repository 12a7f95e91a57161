import ChatCore
import Logging
import MetricsTestKit
import NIOCore
import NIOHTTP1
import Synchronization
import TestSupport
import Testing

@testable import ChatBackends

/// What becomes of calls to addresses that backends must not have, and that no way leads around the check.
@Suite struct RefusedAddressTests {
    @Test(arguments: [
        "http://127.0.0.1:PORT/", "http://localhost:PORT/", "http://2130706433:PORT/", "http://0x7f.1:PORT/",
        "http://0177.0.0.1:PORT/", "http://[::ffff:127.0.0.1]:PORT/",
    ])
    func `Nothing is sent, the client is told nothing, the log and the metric are`(url: String) async throws {
        let metrics = TestMetrics()
        let log = RecordedLog()
        var surroundings = TestBounds().surroundings
        surroundings.metrics = metrics
        try await StubBackend.with {
            try await $0.respond(.ok, StubBackend.Exchange.eventStream, complete)
        } _: { stub in
            let url = url.replacing("PORT", with: "\(stub.port)")
            try await withBackend(logger: log.logger, allowingPrivate: false, surroundings: surroundings) { backend in
                let sessionType = SessionType.calling(url)
                for _ in 0..<6 {
                    let error = try await chatError { try await backend.streamAnswer(to: .new(sessionType)) { _ in } }
                    #expect(error.code == .backendError)
                    #expect(error.message == "The backend could not be reached.")
                    #expect(error.retryAfterSeconds == nil, "the circuit has nothing to do with it")
                }
                let error = try await chatError { _ = try await backend.sessionCreated(.of(sessionType)) }
                #expect(error.code == .backendError)
            }
            #expect(stub.connectionCount == 0)
        }
        #expect(log.warnings.count == 7, "nothing of it is tried again")
        #expect(log.warnings.allSatisfy { $0.contains("127.0.0.1") })
        let calls = try metrics.expectCounter(
            "chat_engine_backend_calls_total",
            [("event", "message.new"), ("outcome", "refused_address")]
        )
        #expect(calls.totalValue == 6)
    }

    @Test func `The address that was checked is the one that is called, whatever the name service says later`()
        async throws
    {
        let hosts = Mutex<[String]>([])
        let lookups = Atomic<Int>(0)
        var surroundings = TestBounds().surroundings
        // The name means nothing to the system, so that whoever asked it would not find the backend.
        surroundings.lookUp = { _ in
            let number = lookups.add(1, ordering: .relaxed).newValue
            return try number == 1 ? sockets("127.0.0.1") : sockets("169.254.169.254")
        }
        var configuration = WebhookConfiguration()
        configuration.addressLifetimeMilliseconds = 0
        try await StubBackend.with { exchange in
            hosts.withLock { $0 += exchange.head.headers["host"] }
            try await exchange.respond(.ok, StubBackend.Exchange.eventStream, complete)
        } _: { stub in
            try await withBackend(configuration: configuration, surroundings: surroundings) { backend in
                let sessionType = SessionType.calling(stub.url(host: "backend.example"))
                try await backend.streamAnswer(to: .new(sessionType)) { _ in }
                #expect(lookups.load(ordering: .relaxed) == 1)
                #expect(hosts.withLock { $0 } == ["backend.example:\(stub.port)"])
                let error = try await chatError { try await backend.streamAnswer(to: .new(sessionType)) { _ in } }
                #expect(error.code == .backendError)
            }
            #expect(hosts.withLock { $0.count } == 1, "the open connection is of no use to a name that leads elsewhere")
        }
    }

    @Test func `Of several addresses the first that can be reached is called, and is remembered`() async throws {
        let requests = Atomic<Int>(0)
        var surroundings = TestBounds().surroundings
        surroundings.lookUp = { _ in try sockets("127.0.0.2", "169.254.169.254", "127.0.0.1") }
        let metrics = TestMetrics()
        surroundings.metrics = metrics
        try await StubBackend.with { exchange in
            requests.add(1, ordering: .relaxed)
            try await exchange.respond(.ok, StubBackend.Exchange.eventStream, complete)
        } _: { stub in
            try await withBackend(surroundings: surroundings) { backend in
                let sessionType = SessionType.calling(stub.url(host: "backend.example"), maxConnections: 1)
                for _ in 0..<3 { try await backend.streamAnswer(to: .new(sessionType)) { _ in } }
            }
        }
        #expect(requests.load(ordering: .relaxed) == 3)
        let calls = try metrics.expectCounter(
            "chat_engine_backend_calls_total",
            [("event", "message.new"), ("outcome", "success")]
        )
        #expect(calls.totalValue == 3)
    }

    @Test func `A request that may have been seen goes to no other address`() async throws {
        let requests = Atomic<Int>(0)
        var surroundings = TestBounds().surroundings
        surroundings.lookUp = { _ in try sockets("127.0.0.1", "127.0.0.1") }
        try await StubBackend.with { exchange in
            requests.add(1, ordering: .relaxed)
            try await exchange.reset()
        } _: { stub in
            try await withBackend(surroundings: surroundings) { backend in
                let sessionType = SessionType.calling(stub.url(host: "backend.example"))
                _ = try await chatError { try await backend.streamAnswer(to: .new(sessionType)) { _ in } }
            }
        }
        #expect(requests.load(ordering: .relaxed) == 1)
    }
}

/// A log that keeps what it is told.
final class RecordedLog: Sendable {
    private let records = Mutex<[String]>([])

    var warnings: [String] { records.withLock { $0 } }

    var logger: Logger {
        var logger = Logger(label: "test") { _ in Handler(log: self) }
        logger.logLevel = .debug
        return logger
    }

    private struct Handler: LogHandler {
        let log: RecordedLog
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .debug

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            guard event.level >= .warning else { return }
            log.records.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
        }
    }
}
