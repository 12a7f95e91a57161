import AsyncHTTPClient
import ChatCore
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization
import TestSupport
import Testing

@testable import ChatBackends

/// Backends over TLS, and HTTP/2 where they offer it.
@Suite struct TLSTests {
    /// Calls a backend with a certificate of its own under this host name, and returns what was wrong, if anything.
    private func call(
        host: String,
        lookUp: AddressBook.Lookup? = nil,
        certificate: (TestCertificates) async throws -> TestCertificates.Pair,
        trusts: Bool = true
    ) async throws -> (error: ChatError?, requests: Int) {
        let certificates = try await TestCertificates.make()
        defer { certificates.remove() }
        let requests = Atomic<Int>(0)
        var surroundings = TestBounds().surroundings
        if trusts { surroundings.trust(certificates) }
        if let lookUp { surroundings.lookUp = lookUp }
        var error: ChatError?
        let script: StubBackend.Script = { exchange in
            requests.add(1, ordering: .relaxed)
            try await exchange.respond(.ok, StubBackend.Exchange.eventStream, complete)
        }
        try await StubBackend.with(script, certificate: try await certificate(certificates)) { stub in
            try await withBackend(surroundings: surroundings) { backend in
                do {
                    try await backend.streamAnswer(to: .new(.calling(stub.url(host: host)))) { _ in }
                } catch let caught as ChatError {
                    error = caught
                }
            }
        }
        return (error, requests.load(ordering: .relaxed))
    }

    private static let here: AddressBook.Lookup = { _ in try sockets("127.0.0.1") }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func `A certificate that is right`(host: String) async throws {
        let result = try await call(host: host, certificate: { $0.server })
        #expect(result.error == nil, "\(String(describing: result.error))")
        #expect(result.requests == 1)
    }

    @Test func `The certificate is that of the name, though the address is connected to`() async throws {
        let result = try await call(
            host: "backend.example",
            lookUp: Self.here,
            certificate: { try await $0.issue(for: "backend.example") }
        )
        #expect(result.error == nil, "\(String(describing: result.error))")
        #expect(result.requests == 1)
    }

    @Test func `A certificate for another host`() async throws {
        let result = try await call(
            host: "backend.example",
            lookUp: Self.here,
            certificate: { try await $0.issue(for: "localhost") }
        )
        #expect(result.error?.code == .backendError)
        #expect(result.requests == 0)
    }

    @Test func `A certificate whose time is over`() async throws {
        let result = try await call(
            host: "localhost",
            certificate: { try await $0.issue(for: "localhost", isExpired: true) }
        )
        #expect(result.error?.code == .backendError)
        #expect(result.requests == 0)
    }

    @Test func `A certificate of an authority that nobody knows`() async throws {
        let result = try await call(host: "localhost", certificate: { $0.server }, trusts: false)
        #expect(result.error?.code == .backendError)
        #expect(result.requests == 0)
    }

    /// Runs `body` against a backend that offers HTTP/2.
    private func withHTTP2(
        _ script: @escaping StubBackend.Script,
        _ body: (WebhookBackend, StubBackend) async throws -> Void
    ) async throws {
        let certificates = try await TestCertificates.make()
        defer { certificates.remove() }
        var surroundings = TestBounds().surroundings
        surroundings.trust(certificates)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        try await StubBackend.with(script, certificate: certificates.server) { stub in
            try await withBackend(on: group, surroundings: surroundings) { backend in
                try await body(backend, stub)
            }
        }
        try await group.shutdownGracefully()
    }

    @Test func `Calls run side by side over one connection of HTTP 2`() async throws {
        let versions = Mutex<[HTTPVersion]>([])
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let (released, release) = AsyncStream.makeStream(of: Void.self)
        try await withHTTP2 { exchange in
            versions.withLock { $0.append(exchange.head.version) }
            try await exchange.begin()
            try await exchange.write(chunk("a"))
            for await _ in released {}
            try await exchange.write(chunk("b") + complete)
            try await exchange.end()
        } _: { backend, stub in
            let sessionType = SessionType.calling(stub.url)
            // The first call learns that the backend speaks HTTP/2.
            let first = Task { try await backend.streamAnswer(to: .new(sessionType)) { _ in begin.yield() } }
            var begins = begun.makeAsyncIterator()
            await begins.next()
            let texts = (0..<20).map { _ in
                Task {
                    let events = Events()
                    try await backend.streamAnswer(to: .new(sessionType)) {
                        events.append($0)
                        begin.yield()
                    }
                    return events.text
                }
            }
            for _ in texts { await begins.next() }
            release.finish()
            try await first.value
            for text in texts { #expect(try await text.value == "ab") }
            #expect(stub.connectionCount == 1)
        }
        #expect(versions.withLock { $0.allSatisfy { $0 == .http2 } })
    }

    @Test func `A session type whose streams use a connection up does not hold up another on the same host`()
        async throws
    {
        try await withHTTP2 { exchange in
            try await exchange.begin()
            try await exchange.write(chunk("a"))
            if exchange.body.contains("hang please") { try await exchange.connectionClosed.get() }
            try await exchange.write(complete)
            try await exchange.end()
        } _: { backend, stub in
            let slow = SessionType.calling(stub.url)
            var hanging = AnswerRequest.new(slow)
            hanging.sessionMetadata = ["note": "hang please"]
            let (chunks, chunk) = AsyncStream.makeStream(of: Void.self)
            // As many as NIO lets one connection carry.
            let calls = (0..<100).map { _ in
                Task { [hanging] in try await backend.streamAnswer(to: hanging) { _ in chunk.yield() } }
            }
            var iterator = chunks.makeAsyncIterator()
            for _ in calls { await iterator.next() }
            try await backend.streamAnswer(to: .new(.calling(stub.url))) { _ in }
            for call in calls { call.cancel() }
            for call in calls { await #expect(throws: CancellationError.self) { try await call.value } }
        }
    }

    @Test func `A cancelled call ends its stream, not the connection of others`() async throws {
        let (closed, close) = AsyncStream.makeStream(of: Void.self)
        try await withHTTP2 { exchange in
            try await exchange.begin()
            try await exchange.write(chunk("a"))
            guard exchange.body.contains("hang please") else {
                try await exchange.write(complete)
                return try await exchange.end()
            }
            _ = try? await exchange.connectionClosed.get()
            close.yield()
        } _: { backend, stub in
            let sessionType = SessionType.calling(stub.url)
            var hanging = AnswerRequest.new(sessionType)
            hanging.sessionMetadata = ["note": "hang please"]
            let (chunks, chunk) = AsyncStream.makeStream(of: Void.self)
            let call = Task { [hanging] in try await backend.streamAnswer(to: hanging) { _ in chunk.yield() } }
            for await _ in chunks { break }
            call.cancel()
            await #expect(throws: CancellationError.self) { try await call.value }
            for await _ in closed { break }
            try await backend.streamAnswer(to: .new(sessionType)) { _ in }
            #expect(stub.connectionCount == 1)
        }
    }

    @Test func `A handler that waits makes the backend's writes wait over HTTP 2, too`() async throws {
        struct Stop: Error {}
        let line = chunk(String(repeating: "x", count: 100_000))
        let total = 1000
        let written = Atomic<Int>(0)
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        try await withHTTP2 { exchange in
            defer { end.finish() }
            try await exchange.begin()
            for _ in 0..<total {
                try await exchange.write(line)
                written.add(1, ordering: .relaxed)
            }
            try await exchange.connectionClosed.get()
        } _: { backend, stub in
            await #expect(throws: Stop.self) {
                try await backend.streamAnswer(to: .new(.calling(stub.url))) { event in
                    for await _ in stub.stalls { break }
                    throw Stop()
                }
            }
            for await _ in ends {}
            // 100 MB are more than the stream's window and the kernel hold.
            #expect(written.load(ordering: .relaxed) < total)
        }
    }
}

extension WebhookCaller.Surroundings {
    /// Has the client trust the authority of these certificates alone.
    mutating func trust(_ certificates: TestCertificates) {
        let path = certificates.authorityPath
        adjustClient = { client in
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .file(path)
            client.tlsConfiguration = tls
        }
    }
}
