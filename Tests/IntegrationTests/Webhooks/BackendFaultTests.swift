import ChatCore
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

/// What a backend's faults come to for the client, in the message that is stored, in the metrics, and for the circuit of the
/// gateway. More of them, without the engine around them, are in `FaultMatrixTests`: answers that are too long, too, whose
/// 32 MiB would keep the gateway of other tests busy.
@Suite(.timeLimit(.minutes(5)))
struct BackendFaultTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        /// Where the session type's webhook is once there is a session.
        enum Place: Sendable {
            case stub
            /// Nobody listens there.
            case nobody
            /// The stub does, which speaks no TLS.
            case plainTLS
            /// A server with a certificate of an authority that nobody knows.
            case untrusted
            /// What no backend may have.
            case forbidden
        }

        var name: String
        var place = Place.stub
        var code = "BACKEND_ERROR"
        var state = "failed"
        /// In the metric of calls.
        var outcome: String
        var kept = ""
        var retryAfterSeconds: Int64?
        var opensCircuit = true
        var script: StubBackend.Script = { _ in }

        var testDescription: String { name }

        static func slow(_ name: String, kept: String = "", _ script: @escaping StubBackend.Script) -> Fault {
            Fault(
                name: name,
                code: "BACKEND_TIMEOUT",
                state: "timed_out",
                outcome: "timeout",
                kept: kept,
                script: script
            )
        }
    }

    private static let kept = "event: chunk\ndata: {\"type\":\"text\",\"content\":\"kept\"}\n\n"
    private static let complete = "event: complete\ndata: {}\n\n"
    private static let eventStream = StubBackend.Exchange.eventStream

    private static let faults: [Fault] = [
        Fault(name: "refused", place: .nobody, outcome: "connection"),
        Fault(name: "TLS where the backend speaks none", place: .plainTLS, outcome: "connection"),
        Fault(name: "TLS that is not to be trusted", place: .untrusted, outcome: "connection"),
        Fault(
            name: "an address that no backend may have",
            place: .forbidden,
            outcome: "refused_address",
            opensCircuit: false
        ),
        Fault(name: "reset before the head", outcome: "connection") { try await $0.reset() },
        Fault(name: "reset after the head", outcome: "connection") { exchange in
            try await exchange.begin()
            try await exchange.reset()
        },
        Fault(name: "reset in mid-stream", outcome: "connection", kept: "kept") { exchange in
            try await exchange.begin()
            try await exchange.write(kept)
            try await exchange.reset()
        },
        Fault(name: "400", outcome: "status", opensCircuit: false) {
            try await $0.respond(.badRequest, StubBackend.Exchange.json, "{}")
        },
        Fault(name: "302", outcome: "status", opensCircuit: false) {
            try await $0.respond(.found, ["location": "/elsewhere", "content-length": "0"])
        },
        Fault(name: "429 with Retry-After", outcome: "status", retryAfterSeconds: 7, opensCircuit: false) {
            try await $0.respond(.tooManyRequests, ["retry-after": "7", "content-length": "0"])
        },
        Fault(name: "500", outcome: "status") { try await $0.respond(.internalServerError, eventStream, complete) },
        Fault.slow("hang before the head") { try await $0.connectionClosed.get() },
        Fault.slow("hang between chunks", kept: "kept") { exchange in
            try await exchange.begin()
            try await exchange.write(kept)
            try await exchange.connectionClosed.get()
        },
        Fault.slow("trickle", kept: "kept") { exchange in
            try await exchange.begin()
            try await exchange.write(kept + ":")
            while true {
                try await exchange.write("x")
                try await Task.sleep(for: .milliseconds(500))
            }
        },
        Fault(name: "bad JSON", outcome: "malformed", kept: "kept") { exchange in
            try await exchange.respond(.ok, eventStream, kept + "event: chunk\ndata: {\n\n" + complete)
        },
        Fault(name: "missing complete", outcome: "incomplete", kept: "kept") {
            try await $0.respond(.ok, eventStream, kept)
        },
        Fault(name: "wrong content type", outcome: "malformed") {
            try await $0.respond(.ok, ["content-type": "text/html"], "<p>\(kept)\(complete)")
        },
        Fault(name: "an error event", outcome: "reported", kept: "kept", opensCircuit: false) {
            try await $0.respond(.ok, eventStream, kept + "event: error\ndata: {\"message\": \"secret\"}\n\n")
        },
    ]

    @Test("What a fault comes to; another session type does not notice", arguments: faults)
    func fault(_ fault: Fault) async throws {
        try await withSharedCluster { try await expect(fault, in: $0) }
    }

    private func expect(_ fault: Fault, in cluster: TestCluster) async throws {
        try await StubBackend.with(Self.answering(fault.script)) { stub in
            let faulty = try await cluster.addSessionType([
                "webhook_url": .string(stub.url), "timeout_seconds": 3,
                "max_duration_seconds": .integer(fault.code == "BACKEND_TIMEOUT" ? 6 : 300),
                "circuit_breaker": ["failure_threshold": 1, "open_seconds": 60],
            ])
            let well = try await cluster.addSessionType(["webhook_url": .string(stub.url)])
            let client = try await TestClient(of: cluster)
            let session = try await eventually("a session") { try await client.makeSession(type: faulty) }
            let other = try await client.makeSession(type: well)
            try await Self.at(fault.place, stub) { address in
                if let address { try await cluster.move(faulty, to: address) }
                try await expect(fault, of: (faulty, session), beside: (well, other), client)
            }
        }
    }

    private func expect(
        _ fault: Fault,
        of faulty: (type: String, session: String),
        beside well: (type: String, session: String),
        _ client: TestClient
    ) async throws {
        let cluster = client.cluster
        let socket = try await client.connect()
        let before = try await cluster.calls(fault.outcome)
        let answer = try await socket.converse("go wrong", in: faulty.session)
        answer.expectWellFormed()
        #expect(answer.end.type == "message.streaming.error")
        #expect(answer.end.string("error_code") == fault.code)
        expectErrorShape(answer.end.payload)
        #expect(answer.end["details"]?["retry_after_seconds"]?.integerValue == fault.retryAfterSeconds)
        #expect(!answer.end.string("message").contains("secret"))
        #expect(answer.text == fault.kept)
        let message = try await client.message(answer.messageID)
        #expect(message.messageState == fault.state)
        #expect(message.messageText == fault.kept)
        #expect(message["is_complete"] == false)
        // Other tests count, too.
        #expect(try await cluster.calls(fault.outcome) > before)
        #expect(try await cluster.circuit(of: faulty.type) == (fault.opensCircuit ? "2" : "0"))

        #expect(try await socket.converse("all is well", in: well.session).text == "well")
        #expect(try await cluster.circuit(of: well.type) == "0")
        guard fault.opensCircuit else { return }
        let refusedBefore = try await cluster.calls("circuit_open")
        let refused = try await socket.converse("once more", in: faulty.session)
        #expect(refused.end.string("error_code") == "BACKEND_ERROR")
        #expect((1...60).contains(refused.end["details"]?["retry_after_seconds"]?.integerValue ?? 0))
        #expect(try await client.message(refused.messageID).messageState == "failed")
        #expect(try await cluster.calls("circuit_open") > refusedBefore)
    }

    /// Runs `body` with the address of a place; `nil` for the stub itself.
    private static func at(
        _ place: Fault.Place,
        _ stub: StubBackend,
        _ body: (String?) async throws -> Void
    ) async throws {
        switch place {
        case .stub: try await body(nil)
        case .nobody: try await body("http://127.0.0.1:\(try FreePort.next())/")
        case .plainTLS: try await body("https://127.0.0.1:\(stub.port)/")
        case .forbidden: try await body("http://169.254.169.254/")
        case .untrusted:
            let certificates = try await TestCertificates.make()
            defer { certificates.remove() }
            let silent: StubBackend.Script = { _ in }
            try await StubBackend.with(silent, certificate: certificates.server) { try await body($0.url) }
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

    /// How many calls for answers had this outcome at the first gateway.
    fileprivate func calls(_ outcome: String) async throws -> Int {
        let metrics = String(decoding: try await gateways[0].ask("/metrics").bytes, as: UTF8.self)
        let series = "chat_engine_backend_calls_total{event=\"message.new\",outcome=\"\(outcome)\"} "
        let line = metrics.split(separator: "\n").first { $0.hasPrefix(series) }
        return line.flatMap { Int($0.dropFirst(series.count)) } ?? 0
    }

    /// What the first gateway says of the circuit of a session type; `nil` when it says nothing.
    fileprivate func circuit(of type: String) async throws -> String? {
        let metrics = String(decoding: try await gateways[0].ask("/metrics").bytes, as: UTF8.self)
        let series = "chat_engine_backend_circuit_state{backend=\"webhook\",session_type_id=\"\(type)\"} "
        return metrics.split(separator: "\n").first { $0.hasPrefix(series) }.map { String($0.dropFirst(series.count)) }
    }
}
