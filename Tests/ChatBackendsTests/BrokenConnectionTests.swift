import ChatCore
import NIOCore
import NIOHTTP1
import NIOPosix
import TestSupport
import Testing

@testable import ChatBackends

/// All that came of an answer is handed out before the failure, whatever state the connection was in when it broke.
@Suite struct BrokenConnectionTests {
    /// As the bytes of HTTP/1.1, each event in a piece of its own.
    private func framed(_ events: [String]) -> String {
        events.map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }.joined()
    }

    private let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"

    /// Streams an answer of these texts from a backend that then breaks off, and returns the text that was handed out.
    private func text(
        of texts: [String],
        on eventLoopGroup: any EventLoopGroup,
        certificates: TestCertificates? = nil,
        readAheadBytes: Int = WebhookConfiguration().readAheadBytes,
        handle: @escaping @Sendable () async -> Void = {},
        answer: @escaping @Sendable (StubBackend.Exchange, [String]) async throws -> Void
    ) async throws -> String {
        let events = Events()
        var configuration = WebhookConfiguration()
        configuration.readAheadBytes = readAheadBytes
        var surroundings = TestBounds().surroundings
        if let certificates { surroundings.trust(certificates) }
        let chunks = texts.map { chunk($0) }
        let script: StubBackend.Script = { try await answer($0, chunks) }
        try await StubBackend.with(script, certificate: certificates?.server) { stub in
            try await withBackend(on: eventLoopGroup, configuration: configuration, surroundings: surroundings) {
                backend in
                let error = try await chatError {
                    try await backend.streamAnswer(to: .new(.calling(stub.url))) { event in
                        await handle()
                        events.append(event)
                    }
                }
                #expect(error.code == .backendError)
            }
        }
        return events.text
    }

    private let few = (1...5).map { "\($0) " }
    private let many = (1...400).map { "\($0) " }

    @Test(arguments: [1, 2])
    func `Chunks that come with the reset`(threads: Int) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        for _ in 0..<20 {
            let text = try await text(of: many, on: group) { exchange, chunks in
                try await exchange.writeRaw(head + framed(chunks))
                try await exchange.reset()
            }
            #expect(text == many.joined())
        }
        try await group.shutdownGracefully()
    }

    @Test func `Chunks one by one, the last with the reset`() async throws {
        for _ in 0..<20 {
            let text = try await text(of: few, on: MultiThreadedEventLoopGroup.singleton) { exchange, chunks in
                try await exchange.begin()
                for chunk in chunks { try await exchange.write(chunk) }
                try await exchange.reset()
            }
            #expect(text == few.joined())
        }
    }

    @Test(arguments: [0, 1000, 16 * 1024])
    func `Chunks that wait for a consumer that is busy when the reset comes`(readAheadBytes: Int) async throws {
        let (resets, reset) = AsyncStream.makeStream(of: Void.self)
        let text = try await text(
            of: many,
            on: MultiThreadedEventLoopGroup.singleton,
            readAheadBytes: readAheadBytes,
            handle: { for await _ in resets { break } },
            answer: { exchange, chunks in
                defer { reset.finish() }
                // In one piece, as the kernel takes many small ones for far more than their bytes, and a reset takes
                // with it what it has not passed on.
                try await exchange.writeRaw(head + framed(chunks))
                try await exchange.reset()
            }
        )
        #expect(text == many.joined())
    }

    @Test func `A body without its proper end`() async throws {
        for _ in 0..<20 {
            let text = try await text(of: many, on: MultiThreadedEventLoopGroup.singleton) { exchange, chunks in
                try await exchange.writeRaw(head + framed(chunks))
                try await exchange.close()
            }
            #expect(text == many.joined())
        }
    }

    @Test func `A complete answer without the proper end of its body is complete`() async throws {
        try await StubBackend.with { exchange in
            try await exchange.writeRaw(head + framed([chunk("all"), complete]))
            try await exchange.reset()
        } _: { stub in
            try await withBackend { backend in
                for _ in 0..<20 {
                    let events = Events()
                    try await backend.streamAnswer(to: .new(.calling(stub.url))) { events.append($0) }
                    #expect(events.text == "all")
                }
            }
        }
    }

    @Test func `A stream of HTTP 2 that is reset`() async throws {
        let certificates = try await TestCertificates.make()
        defer { certificates.remove() }
        for _ in 0..<20 {
            let text = try await text(
                of: many,
                on: MultiThreadedEventLoopGroup.singleton,
                certificates: certificates,
                answer: { exchange, chunks in
                    try await exchange.begin()
                    for chunk in chunks { try await exchange.write(chunk) }
                    try await exchange.reset()
                }
            )
            #expect(text == many.joined())
        }
    }
}
