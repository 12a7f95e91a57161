import ChatCore
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

/// What a backend's faults come to for the client, in the message that is stored, and for the circuit of the gateway. All
/// faults there are, without the engine around them, are in `FaultMatrixTests`.
@Suite(.timeLimit(.minutes(5)))
struct BackendFaultTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var name: String
        var code = "BACKEND_ERROR"
        var state = "failed"
        var kept = ""
        var retryAfterSeconds: Int64?
        var opensCircuit = true
        /// Where the session type's webhook is once there is a session; the stub itself when nothing is said.
        var address: String?
        var script: StubBackend.Script = { _ in }

        var testDescription: String { name }
    }

    private static let kept = "event: chunk\ndata: {\"type\":\"text\",\"content\":\"kept\"}\n\n"
    private static let complete = "event: complete\ndata: {}\n\n"

    private static let faults: [Fault] = [
        Fault(name: "reset in mid-stream", kept: "kept") { exchange in
            try await exchange.begin()
            try await exchange.write(kept)
            try await exchange.reset()
        },
        Fault(name: "429 with Retry-After", retryAfterSeconds: 7, opensCircuit: false) {
            try await $0.respond(.tooManyRequests, ["retry-after": "7", "content-length": "0"])
        },
        Fault(name: "500") { try await $0.respond(.internalServerError, StubBackend.Exchange.eventStream, complete) },
        Fault(name: "hang between chunks", code: "BACKEND_TIMEOUT", state: "timed_out", kept: "kept") { exchange in
            try await exchange.begin()
            try await exchange.write(kept)
            try await exchange.connectionClosed.get()
        },
        Fault(name: "bad JSON", kept: "kept") { exchange in
            let stream = kept + "event: chunk\ndata: {\n\n" + complete
            try await exchange.respond(.ok, StubBackend.Exchange.eventStream, stream)
        },
        Fault(name: "missing complete", kept: "kept") {
            try await $0.respond(.ok, StubBackend.Exchange.eventStream, kept)
        },
        Fault(name: "wrong content type") {
            try await $0.respond(.ok, ["content-type": "text/html"], "<p>\(kept)\(complete)")
        },
        Fault(name: "TLS where the backend speaks none", address: "https://127.0.0.1:PORT/"),
        Fault(
            name: "an address that no backend may have",
            opensCircuit: false,
            address: "http://169.254.169.254/"
        ),
    ]

    @Test("A fault's error, what is kept, and the circuit; another session type does not notice", arguments: faults)
    func fault(_ fault: Fault) async throws {
        try await withSharedCluster { cluster in
            try await StubBackend.with(Self.answering(fault.script)) { stub in
                let faulty = try await cluster.addSessionType([
                    "webhook_url": .string(stub.url), "timeout_seconds": 3,
                    "circuit_breaker": ["failure_threshold": 1, "open_seconds": 60],
                ])
                let well = try await cluster.addSessionType(["webhook_url": .string(stub.url)])
                let client = try await TestClient(of: cluster)
                let session = try await eventually("a session") { try await client.makeSession(type: faulty) }
                let other = try await client.makeSession(type: well)
                if let address = fault.address?.replacing("PORT", with: "\(stub.port)") {
                    try await cluster.move(faulty, to: address)
                }
                let socket = try await client.connect()

                let answer = try await socket.converse("go wrong", in: session)
                answer.expectWellFormed()
                #expect(answer.end.type == "message.streaming.error")
                #expect(answer.end.string("error_code") == fault.code)
                expectErrorShape(answer.end.payload)
                #expect(answer.end["details"]?["retry_after_seconds"]?.integerValue == fault.retryAfterSeconds)
                #expect(answer.text == fault.kept)
                let message = try await client.message(answer.messageID)
                #expect(message.messageState == fault.state)
                #expect(message.messageText == fault.kept)
                #expect(message["is_complete"] == false)
                #expect(try await cluster.circuit(of: faulty) == (fault.opensCircuit ? "2" : "0"))

                #expect(try await socket.converse("all is well", in: other).text == "well")
                #expect(try await cluster.circuit(of: well) == "0")
                guard fault.opensCircuit else { return }
                let refused = try await socket.converse("once more", in: session)
                #expect(refused.end.string("error_code") == "BACKEND_ERROR")
                #expect((1...60).contains(refused.end["details"]?["retry_after_seconds"]?.integerValue ?? 0))
                #expect(try await client.message(refused.messageID).messageState == "failed")
            }
        }
    }

    @Test("A circuit closes again when a probe succeeds, and a changed webhook starts anew")
    func recovery() async throws {
        try await withSharedCluster { cluster in
            try await StubBackend.with(Self.answering { try await $0.reset() }) { stub in
                let type = try await cluster.addSessionType([
                    "webhook_url": .string(stub.url), "circuit_breaker": ["failure_threshold": 2, "open_seconds": 1],
                ])
                let client = try await TestClient(of: cluster)
                let session = try await client.makeSession(type: type)
                let socket = try await client.connect()
                for _ in 0..<2 { _ = try await socket.converse("go wrong", in: session) }
                #expect(try await cluster.circuit(of: type) == "2")
                let answer = try await eventually("a probe") {
                    let answer = try await socket.converse("all is well", in: session)
                    return answer.state == "complete" ? answer : nil
                }
                #expect(answer.text == "well")
                #expect(try await cluster.circuit(of: type) == "0")

                for _ in 0..<2 { _ = try await socket.converse("go wrong", in: session) }
                #expect(try await cluster.circuit(of: type) == "2")
                try await cluster.move(type, to: stub.url + "/elsewhere")
                #expect(try await socket.converse("all is well", in: session).text == "well")
                #expect(try await cluster.circuit(of: type) == "0")
            }
        }
    }

    /// Takes part in the making of sessions, answers well when asked to, and goes wrong otherwise.
    private static func answering(_ script: @escaping StubBackend.Script) -> StubBackend.Script {
        { exchange in
            let body = try JSONParser.parse(exchange.body)
            if body["event"] == "session.created" {
                try await exchange.respond(.ok, StubBackend.Exchange.json, #"{"available_capabilities":[]}"#)
            } else if body["message"]?.messageText == "all is well" {
                try await exchange.respond(.ok, StubBackend.Exchange.json, #"{"content":"well"}"#)
            } else {
                try await script(exchange)
            }
        }
    }
}

extension TestCluster {
    /// Gives a session type another webhook, and leaves the rest of it as it is.
    fileprivate func move(_ type: String, to address: String) async throws {
        let token = try await Tokens.sign(client: "administrator", isAdministrator: true)
        let path = "/api/v1/session-types/\(type)"
        guard var fields = try await api(token: token).get(path).body.objectValue else {
            throw TestSupportError("the session type cannot be read")
        }
        fields["webhook_url"] = .string(address)
        let answer = try await api(token: token).send("PUT", path, body: .object(fields))
        guard answer.status == 200 else { throw TestSupportError("the session type was not changed: \(answer)") }
    }

    /// What the first gateway says of the circuit of a session type; `nil` when it says nothing.
    fileprivate func circuit(of type: String) async throws -> String? {
        let metrics = String(decoding: try await gateways[0].ask("/metrics").bytes, as: UTF8.self)
        let series = "chat_engine_backend_circuit_state{backend=\"webhook\",session_type_id=\"\(type)\"} "
        return metrics.split(separator: "\n").first { $0.hasPrefix(series) }.map { String($0.dropFirst(series.count)) }
    }
}
