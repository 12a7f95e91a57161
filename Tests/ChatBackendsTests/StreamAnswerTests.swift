import ChatCore
import NIOCore
import NIOHTTP1
import NIOPosix
import TestSupport
import Testing

@testable import ChatBackends

@Suite struct StreamAnswerTests {
    @Test func `Chunks come in order and complete ends the answer`() async throws {
        try await StubBackend.with { exchange in
            try await exchange.begin()
            try await exchange.write(chunk("Hel"))
            try await exchange.write(": a comment\n\n" + chunk("lo"))
            try await exchange.write(complete)
            try await exchange.end()
        } _: { stub in
            try await withBackend { backend in
                let events = Events()
                try await backend.streamAnswer(to: .new(.calling(stub.url))) { events.append($0) }
                #expect(events.text == "Hello")
                #expect(events.all.last == .complete(metadata: ["usage": ["output_tokens": 2]]))
                #expect(events.all.count == 3)
            }
        }
    }

    @Test func `The request carries the contract's body and headers`() async throws {
        let (requests, continuation) = AsyncStream.makeStream(of: StubBackend.Exchange.self)
        try await StubBackend.with { exchange in
            continuation.yield(exchange)
            try await exchange.respond(.ok, StubBackend.Exchange.eventStream, complete)
        } _: { stub in
            try await withBackend { backend in
                let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
                try await backend.streamAnswer(to: .new(.calling(stub.url), traceparent: trace)) { _ in }
                var iterator = requests.makeAsyncIterator()
                let request = try #require(await iterator.next())
                #expect(request.head.method == .POST)
                #expect(request.head.uri == "/hook")
                #expect(request.head.headers["content-type"] == ["application/json"])
                #expect(request.head.headers["accept"] == ["text/event-stream, application/json"])
                #expect(request.head.headers["traceparent"] == [trace])
                #expect(request.head.headers["accept-encoding"].isEmpty)
                let body = try JSONParser.parse(request.body)
                #expect(body["event"] == "message.new")
                #expect(body["message"]?["content"] == [["type": "text", "text": "Hello"]])
            }
        }
    }

    @Test func `A plain JSON answer is a stream of its parts`() async throws {
        try await StubBackend.with { exchange in
            try await exchange.respond(
                .ok,
                ["content-type": "application/json; charset=utf-8"],
                #"{"content": [{"type": "text", "text": "Hi"}, {"type": "code", "code": "x", "language": "c"}]}"#
            )
        } _: { stub in
            try await withBackend { backend in
                let events = Events()
                try await backend.streamAnswer(to: .new(.calling(stub.url))) { events.append($0) }
                #expect(
                    events.all == [
                        .chunk(StreamChunk(kind: .text, content: "Hi", json: #"{"type":"text","content":"Hi"}"#)),
                        .chunk(
                            StreamChunk(
                                kind: .code,
                                content: "x",
                                json: #"{"type":"code","language":"c","content":"x"}"#,
                                attributes: ["language": "c"]
                            )
                        ),
                        .complete(metadata: [:]),
                    ]
                )
            }
        }
    }

    @Test(arguments: [1, 4])
    func `A connection serves the next call once its answer has ended`(threads: Int) async throws {
        try await StubBackend.with { exchange in
            try await exchange.begin()
            try await exchange.write(complete)
            try await exchange.end()
        } _: { stub in
            let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
            var configuration = WebhookConfiguration()
            // However long the machine stalls between two calls, or before the end of an answer, the connection is kept.
            configuration.idleConnectionMilliseconds = 600_000
            configuration.drainMilliseconds = 600_000
            try await withBackend(on: group, configuration: configuration) { backend in
                let sessionType = SessionType.calling(stub.url, maxConnections: 1)
                for _ in 0..<50 { try await backend.streamAnswer(to: .new(sessionType)) { _ in } }
                #expect(stub.connectionCount == 1)
            }
            try await group.shutdownGracefully()
        }
    }
}
