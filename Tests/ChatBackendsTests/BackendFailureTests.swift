import ChatCore
import NIOCore
import NIOHTTP1
import NIOPosix
import TestSupport
import Testing

@testable import ChatBackends

/// Every way an answer can go wrong, and what callers see of it.
@Suite struct BackendFailureTests {
    /// Streams an answer from a server with this script and returns the error and the text that came before it.
    private func failure(
        _ bounds: TestBounds = TestBounds(),
        configuration: WebhookConfiguration = WebhookConfiguration(),
        _ script: @escaping StubBackend.Script
    ) async throws -> (error: ChatError, text: String) {
        let events = Events()
        var error: ChatError?
        try await StubBackend.with(script) { stub in
            try await withBackend(bounds, configuration: configuration) { backend in
                error = try await chatError {
                    try await backend.streamAnswer(to: .new(.calling(stub.url))) { events.append($0) }
                }
            }
        }
        let found = try #require(error)
        #expect(!found.message.contains("secret"))
        return (found, events.text)
    }

    @Test func `Refused`() async throws {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        try await listener.close()
        try await withBackend { backend in
            let error = try await chatError {
                try await backend.streamAnswer(to: .new(.calling("http://127.0.0.1:\(port)"))) { _ in }
            }
            #expect(error.code == .backendError)
            #expect(error.message == "The backend could not be reached.")
        }
    }

    @Test(arguments: ["", "nonsense", "ftp://127.0.0.1/", "http+unix://%2Ftmp%2Fsocket/", "http://"])
    func `An address that is none`(url: String) async throws {
        try await withBackend { backend in
            let error = try await chatError {
                try await backend.streamAnswer(to: .new(.calling(url))) { _ in }
            }
            #expect(error.code == .backendError)
        }
    }

    @Test func `Reset before the head`() async throws {
        #expect(try await failure { try await $0.reset() }.error.code == .backendError)
    }

    @Test func `Reset in mid-stream keeps what came before`() async throws {
        let failure = try await failure { exchange in
            try await exchange.begin()
            try await exchange.write(chunk("kept"))
            try await exchange.reset()
        }
        #expect(failure.error.code == .backendError)
        #expect(failure.error.message == "The backend broke off its answer.")
        #expect(failure.text == "kept")
    }

    @Test(arguments: [500, 503, 404, 401, 302, 304, 100 + 199])
    func `Another status`(code: Int) async throws {
        let failure = try await failure { exchange in
            try await exchange.respond(HTTPResponseStatus(statusCode: code), StubBackend.Exchange.json, "secret")
        }
        #expect(failure.error.code == .backendError)
    }

    @Test func `A redirect is not followed`() async throws {
        let (requests, continuation) = AsyncStream.makeStream(of: String.self)
        let failure = try await failure { exchange in
            continuation.yield(exchange.head.uri)
            try await exchange.respond(.temporaryRedirect, ["location": "/elsewhere", "content-length": "0"])
        }
        continuation.finish()
        #expect(failure.error.code == .backendError)
        #expect(await requests.reduce(into: []) { $0.append($1) } == ["/hook"])
    }

    @Test(arguments: ["text/html", "application/jsonp", "", "text/event-streams"])
    func `Another content type`(type: String) async throws {
        let failure = try await failure { exchange in
            try await exchange.respond(.ok, ["content-type": type], #"{"content": "secret"}"#)
        }
        #expect(failure.error.code == .backendError)
    }

    @Test func `An encoded answer`() async throws {
        let failure = try await failure { exchange in
            try await exchange.respond(
                .ok,
                ["content-type": "application/json", "content-encoding": "gzip"],
                #"{"content": "secret"}"#
            )
        }
        #expect(failure.error.code == .backendError)
    }

    @Test func `An error event`() async throws {
        let failure = try await failure { exchange in
            let error = "event: error\ndata: {\"message\":\"secret\"}\n\n"
            try await exchange.respond(.ok, StubBackend.Exchange.eventStream, chunk("kept") + error)
        }
        #expect(failure.error.code == .backendError)
        #expect(failure.text == "kept")
        #expect("\(failure.error)".contains("secret"), "the log knows what the backend said")
    }

    @Test func `No complete`() async throws {
        let failure = try await failure { exchange in
            try await exchange.respond(.ok, StubBackend.Exchange.eventStream, chunk("kept"))
        }
        #expect(failure.error.code == .backendError)
        #expect(failure.text == "kept")
    }

    @Test func `Bad JSON in a stream`() async throws {
        let failure = try await failure { exchange in
            let stream = chunk("kept") + "event: chunk\ndata: {\"secret\n\n" + complete
            try await exchange.respond(.ok, StubBackend.Exchange.eventStream, stream)
        }
        #expect(failure.error.code == .backendError)
        #expect(failure.text == "kept")
    }

    @Test func `Bad JSON as a whole`() async throws {
        let failure = try await failure { exchange in
            try await exchange.respond(.ok, StubBackend.Exchange.json, #"{"content": "secret"#)
        }
        #expect(failure.error.code == .backendError)
    }

    @Test(arguments: [StubBackend.Exchange.eventStream, StubBackend.Exchange.json])
    func `An answer that is too large, whose connection is closed`(headers: HTTPHeaders) async throws {
        var configuration = WebhookConfiguration()
        configuration.maximumAnswerBytes = 100_000
        let (closed, continuation) = AsyncStream.makeStream(of: Void.self)
        let failure = try await failure(configuration: configuration) { exchange in
            exchange.connectionClosed.whenComplete { _ in continuation.finish() }
            try await exchange.begin(.ok, headers)
            while true { try await exchange.write(": " + String(repeating: "x", count: 1000) + "\n") }
        }
        #expect(failure.error.code == .backendError)
        for await _ in closed {}
    }

    @Test func `An answer just within the limit`() async throws {
        let text = String(repeating: "x", count: 50_000)
        let stream = chunk(text) + complete
        var configuration = WebhookConfiguration()
        configuration.maximumAnswerBytes = stream.utf8.count
        try await StubBackend.with { exchange in
            try await exchange.respond(.ok, StubBackend.Exchange.eventStream, stream)
        } _: { stub in
            try await withBackend(configuration: configuration) { backend in
                let events = Events()
                try await backend.streamAnswer(to: .new(.calling(stub.url))) { events.append($0) }
                #expect(events.text == text)
            }
        }
    }

    @Test(arguments: [0, 1])
    func `The limit is 32 MiB`(more: Int) async throws {
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1024 * 1024)
        let failure = try await failure { exchange in
            try await exchange.begin(.ok, StubBackend.Exchange.json)
            for _ in 0..<32 { try await exchange.write(piece) }
            if more > 0 { try await exchange.write(Array(piece.prefix(more))) }
            try await exchange.end()
        }
        #expect("\(failure.error)".contains("too large") == (more > 0))
    }

    @Test func `The error of the handler comes out as it is, and the connection is closed`() async throws {
        struct HandlerError: Error {}
        let (closed, continuation) = AsyncStream.makeStream(of: Void.self)
        try await StubBackend.with { exchange in
            exchange.connectionClosed.whenComplete { _ in continuation.finish() }
            try await exchange.begin()
            try await exchange.write(chunk("a"))
            try await exchange.connectionClosed.get()
        } _: { stub in
            try await withBackend { backend in
                await #expect(throws: HandlerError.self) {
                    try await backend.streamAnswer(to: .new(.calling(stub.url))) { _ in throw HandlerError() }
                }
                for await _ in closed {}
            }
        }
    }
}
