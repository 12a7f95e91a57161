import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import OpenAIBridge

/// The bridge in front of a server that does what a script says.
@Suite(.timeLimit(.minutes(2)))
struct BridgeTests {
    private static func delta(_ text: String) -> String {
        "data: {\"choices\":[{\"delta\":{\"content\":\"\(text)\"},\"finish_reason\":null}]}\n\n"
    }

    private static let finish = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    private static let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\n"
    private static let done = "data: [DONE]\n\n"

    private func configuration(_ stub: StubBackend) -> BridgeConfiguration {
        var configuration = BridgeConfiguration(baseURL: "http://127.0.0.1:\(stub.port)/v1", model: "small")
        configuration.apiKey = "sk-test"
        return configuration
    }

    @Test func `Deltas become chunks, usage and reason become metadata`() async throws {
        let (requests, request) = AsyncStream.makeStream(of: StubBackend.Exchange.self)
        try await StubBackend.with { exchange in
            request.yield(exchange)
            try await exchange.begin()
            try await exchange.write(Self.delta("Hel") + Self.delta("lo"))
            try await exchange.write(Self.finish + Self.usage + Self.done)
            try await exchange.end()
        } _: { stub in
            try await RunningBridge.with(configuration(stub)) { bridge in
                let answer = try await bridge.call(RunningBridge.message)
                #expect(answer.status == 200)
                #expect(answer.headers["content-type"] == ["text/event-stream"])
                #expect(
                    answer.body == """
                        event: chunk
                        data: {"content":"Hel","type":"text"}

                        event: chunk
                        data: {"content":"lo","type":"text"}

                        event: complete
                        data: {"metadata":{"finish_reason":"stop","usage":{"input_tokens":9,"output_tokens":2}}}


                        """
                )
            }
        }
        var iterator = requests.makeAsyncIterator()
        let sent = try #require(await iterator.next())
        #expect(sent.head.uri == "/v1/chat/completions")
        #expect(sent.head.headers["authorization"] == ["Bearer sk-test"])
        let body = try JSONDecoder().decode(JSONValue.self, from: Data(sent.body.utf8))
        #expect(
            body == [
                "model": "small", "stream": true, "stream_options": ["include_usage": true],
                "messages": [["role": "user", "content": "Hello"]],
            ]
        )
    }

    @Test(arguments: [false, true])
    func `When the engine closes, the server's answer is cancelled although the server is silent`(
        hasHead: Bool
    ) async throws {
        let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
        let (closings, closing) = AsyncStream.makeStream(of: Void.self)
        try await StubBackend.with { exchange in
            exchange.connectionClosed.whenComplete { _ in closing.yield() }
            if hasHead {
                try await exchange.begin()
                try await exchange.write(Self.delta("a"))
            }
            arrival.yield()
            try await exchange.connectionClosed.get()
        } _: { stub in
            try await RunningBridge.with(configuration(stub)) { bridge in
                let engine = Task {
                    let response = try await bridge.client.execute(
                        bridge.request(RunningBridge.message),
                        timeout: .seconds(60)
                    )
                    for try await _ in response.body {}
                }
                var iterator = arrivals.makeAsyncIterator()
                await iterator.next()
                engine.cancel()
                var closed = closings.makeAsyncIterator()
                await closed.next()
                _ = await engine.result
            }
        }
    }

    @Test(arguments: [
        (400, 422, "UPSTREAM_REFUSED"), (401, 502, "UPSTREAM_UNAUTHORIZED"), (403, 502, "UPSTREAM_UNAUTHORIZED"),
        (404, 422, "UPSTREAM_REFUSED"), (429, 429, "UPSTREAM_RATE_LIMIT"), (500, 502, "UPSTREAM_FAILED"),
        (503, 503, "UPSTREAM_FAILED"), (504, 504, "UPSTREAM_TIMEOUT"), (302, 502, "UPSTREAM_FAILED"),
    ])
    func `A failure before the head is told by a status`(upstream: Int, status: Int, code: String) async throws {
        try await StubBackend.with { exchange in
            try await exchange.respond(
                HTTPResponseStatus(statusCode: upstream),
                ["content-type": "application/json", "retry-after": "7"],
                #"{"error": {"message": "because of sk-secret", "type": "t"}}"#
            )
        } _: { stub in
            try await RunningBridge.with(configuration(stub)) { bridge in
                let answer = try await bridge.call(RunningBridge.message)
                #expect(answer.status == status)
                #expect(answer.body.contains(code))
                #expect(answer.headers["retry-after"] == ([429, 503].contains(status) ? ["7"] : []))
                #expect(answer.body.contains("because") == (code != "UPSTREAM_UNAUTHORIZED"))
            }
        }
    }

    @Test func `A server that is not there is told by a status`() async throws {
        let port = try FreePort.next()
        let configuration = BridgeConfiguration(baseURL: "http://127.0.0.1:\(port)/v1", model: "small")
        try await RunningBridge.with(configuration) { bridge in
            let answer = try await bridge.call(RunningBridge.message)
            #expect(answer.status == 502)
            #expect(answer.body.contains("UPSTREAM_UNREACHABLE"))
            let health = try await bridge.call(#"{"event": "session_type.health_check"}"#)
            #expect(health.body.contains(#""status":"unhealthy""#))
        }
    }

    @Test(arguments: [
        ("", "UPSTREAM_INCOMPLETE"), ("data: {\n\n", "UPSTREAM_MALFORMED"),
        ("data: {\"error\": {\"message\": \"overloaded\"}}\n\n", "UPSTREAM_FAILED"),
    ])
    func `A failure after the head is told by an event`(text: String, code: String) async throws {
        try await StubBackend.with { exchange in
            try await exchange.respond(.ok, StubBackend.Exchange.eventStream, Self.delta("a") + text)
        } _: { stub in
            try await RunningBridge.with(configuration(stub)) { bridge in
                let answer = try await bridge.call(RunningBridge.message)
                #expect(answer.status == 200)
                #expect(answer.body.hasPrefix("event: chunk\n"))
                #expect(answer.body.contains("event: error\ndata: {\"error_code\":\"\(code)\""))
                #expect(!answer.body.contains("event: complete"))
            }
        }
    }

    @Test(arguments: [false, true])
    func `A server that is too slow is given up`(hasHead: Bool) async throws {
        try await StubBackend.with { exchange in
            if hasHead { try await exchange.begin() }
            try await exchange.connectionClosed.get()
        } _: { stub in
            // On a busy machine a bound can be over before the server came to its head.
            for seconds in [1, 4, 16] {
                var configuration = configuration(stub)
                configuration.timeoutSeconds = seconds
                let answer = try await RunningBridge.answer(to: RunningBridge.message, by: configuration)
                #expect(answer.body.contains("UPSTREAM_TIMEOUT"))
                if answer.status == (hasHead ? 200 : 504) { return }
            }
            Issue.record("no answer has the status it should have")
        }
    }

    @Test func `A server that does not stream is understood`() async throws {
        try await StubBackend.with { exchange in
            try await exchange.respond(
                .ok,
                StubBackend.Exchange.json,
                #"{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]}"#
            )
        } _: { stub in
            try await RunningBridge.with(configuration(stub)) { bridge in
                let answer = try await bridge.call(RunningBridge.message)
                #expect(answer.body.hasPrefix("event: chunk\ndata: {\"content\":\"Hi\",\"type\":\"text\"}\n\n"))
                #expect(answer.body.contains("event: complete"))
            }
        }
    }

    @Test func `A summary is asked of the model, with the wish of the session type`() async throws {
        let (bodies, body) = AsyncStream.makeStream(of: String.self)
        try await StubBackend.with { exchange in
            body.yield(exchange.body)
            try await exchange.respond(.ok, StubBackend.Exchange.eventStream, Self.delta("Short") + Self.finish)
        } _: { stub in
            try await RunningBridge.with(configuration(stub)) { bridge in
                let answer = try await bridge.call(
                    #"""
                    {"event": "session.summary", "session_id": "s", "enabled_capabilities": [],
                     "summarization_settings": {"prompt": "In three words."},
                     "history": [{"role": "user", "content": [{"type": "text", "text": "Hello"}], "file_urls": []}]}
                    """#
                )
                #expect(answer.body.contains(#""content":"Short""#))
            }
        }
        var iterator = bodies.makeAsyncIterator()
        let sent = try JSONDecoder().decode(JSONValue.self, from: Data(try #require(await iterator.next()).utf8))
        guard case .object(let members) = sent else { throw TestSupportError("the request is no object") }
        #expect(
            members["messages"] == [
                ["role": "user", "content": "Hello"], ["role": "user", "content": "In three words."],
            ]
        )
    }

    @Test(arguments: [(200, "healthy"), (404, "healthy"), (401, "unhealthy"), (429, "degraded"), (500, "unhealthy")])
    func `The health is that of the server`(status: Int, health: String) async throws {
        try await StubBackend.with { exchange in
            try await exchange.respond(HTTPResponseStatus(statusCode: status), StubBackend.Exchange.json, "{}")
        } _: { stub in
            try await RunningBridge.with(configuration(stub)) { bridge in
                let answer = try await bridge.call(#"{"event": "session_type.health_check"}"#)
                #expect(answer.body.contains("\"status\":\"\(health)\""))
            }
        }
    }

    @Test func `With a secret only the engine is let in`() async throws {
        var configuration = BridgeConfiguration(baseURL: "http://127.0.0.1:1/v1", model: "small")
        configuration.webhookSecret = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4"
        try await RunningBridge.with(configuration) { bridge in
            let answer = try await bridge.call(RunningBridge.message)
            #expect(answer.status == 401)
        }
    }

    @Test func `A body that is no event is refused`() async throws {
        try await RunningBridge.with(BridgeConfiguration(baseURL: "http://127.0.0.1:1/v1", model: "small")) { bridge in
            let refused = try await bridge.call("{")
            #expect(refused.status == 400)
            let unknown = try await bridge.call(#"{"event": "of.tomorrow"}"#)
            #expect(unknown.status == 200)
        }
    }
}
