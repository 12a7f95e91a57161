import ChatCore
import TestSupport
import Testing

/// How streams end, and what is kept of them (`contract/semantics.md`, 'The life of a stream').
@Suite(.timeLimit(.minutes(5)))
struct StreamOutcomeTests {
    struct Failure: Sendable, CustomTestStringConvertible {
        var text: String
        var code = "BACKEND_ERROR"
        var state = "failed"
        var kept = ""
        var testDescription: String { text }
    }

    static let failures = [
        Failure(text: "/status 500 hello"),
        Failure(text: "/status 404 hello"),
        Failure(text: "/status 204 hello"),
        Failure(text: "/fail 5 a b c d e f g", kept: "a b c d e"),
        Failure(text: "/break 5 a b c d e f g", kept: "a b c d e"),
        Failure(text: "/break 0 a"),
        Failure(text: "/hang", code: "BACKEND_TIMEOUT", state: "timed_out"),
        Failure(text: "/hang head", code: "BACKEND_TIMEOUT", state: "timed_out"),
        Failure(text: "/pace 60s a b", code: "BACKEND_TIMEOUT", state: "timed_out", kept: "a"),
    ]

    @Test("A backend that fails ends the stream with the contract's error; what came is kept", arguments: failures)
    func failure(_ failure: Failure) async throws {
        try await withSharedCluster { cluster in
            let type = try await cluster.addSessionType([
                "webhook_url": .string(cluster.backendURL),
                "timeout_seconds": failure.code == "BACKEND_TIMEOUT" ? 3 : 60,
            ])
            let client = try await TestClient(of: cluster)
            // The short timeout holds for the session's own call, too.
            let session = try await eventually("a session") { try await client.makeSession(type: type) }
            let socket = try await client.connect()
            let answer = try await socket.converse(failure.text, in: session)

            answer.expectWellFormed()
            #expect(answer.end.type == "message.streaming.error")
            #expect(answer.end.string("error_code") == failure.code)
            expectErrorShape(answer.end.payload)
            #expect(answer.text == failure.kept)
            let message = try await client.message(answer.messageID)
            #expect(message["is_complete"] == false)
            #expect(message.messageState == failure.state)
            #expect(message.messageText == failure.kept)
            #expect(try await socket.created(answer.messageID)["message"]?.sorted == message.sorted)
        }
    }

    @Test("A plain JSON answer is a stream of its parts")
    func plainJSON() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect()
            let answer = try await socket.converse("/json one two", in: session)
            answer.expectWellFormed()
            #expect(answer.chunks.count == 1)
            #expect(answer.state == "complete")
            #expect(answer.text == "one two")
            #expect(try await client.message(answer.messageID).messageText == "one two")
        }
    }

    @Test("A backend that is not there: no session without it, and an error for a message")
    func refusedBackend() async throws {
        try await withSharedCluster { cluster in
            let backend = try await cluster.startBackend()
            let type = try await cluster.addSessionType(["webhook_url": .string(TestCluster.url(of: backend))])
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession(type: type)
            await backend.kill()

            let socket = try await client.connect()
            let answer = try await socket.converse("anybody?", in: session)
            #expect(answer.end.type == "message.streaming.error")
            #expect(answer.end.string("error_code") == "BACKEND_ERROR")
            #expect(try await client.message(answer.messageID).messageState == "failed")

            let refused = try await client.api().post("/api/v1/sessions", ["session_type_id": .string(type)])
            expectError(refused, 502, "BACKEND_ERROR")
            let sessions = try await client.api().get("/api/v1/sessions")
            #expect(sessions["sessions"]?.arrayValue?.count == 1)
        }
    }

    @Test("Streams of one connection run side by side, each in its own order")
    func sideBySide() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let socket = try await client.connect()
            var requests: [(id: String, text: String)] = []
            for number in 0..<8 {
                let session = try await client.makeSession(through: client.api(number % 2))
                let text = (0..<20).map { "\(number)-\($0)" }.joined(separator: " ")
                requests.append((try await socket.say("/pace 20ms \(text)", in: session), text))
            }
            for request in requests {
                let answer = try await socket.stream(of: request.id)
                answer.expectWellFormed()
                #expect(answer.text == request.text)
                #expect(answer.state == "complete")
            }
        }
    }

    @Test("The seventeenth stream of a connection is refused; a place that gets free is given again")
    func tooManyStreams() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let socket = try await client.connect()
            var running: [Envelope] = []
            for _ in 0..<16 {
                let session = try await client.makeSession()
                running.append(try await socket.begun(try await socket.say("/pace 1s /words 600", in: session)))
            }
            let session = try await client.makeSession()
            let oneMore = try await socket.say("one more", in: session)
            let refusal = try await socket.expect("response.error", requestID: oneMore)
            #expect(refusal["error_code"] == "RATE_LIMIT_EXCEEDED")
            #expect(refusal["details"]?["limit_type"] == "concurrent")
            #expect(try await client.messages(of: session).isEmpty)

            for start in running {
                let id = start.string("message_id")
                #expect(try await client.api().post("/api/v1/messages/\(id)/stop")["stopped"] == true)
            }
            for start in running {
                try await socket.expect("message.streaming.complete", requestID: start.requestID)
            }
            #expect(try await socket.converse("one more", in: session).state == "complete")
        }
    }

    @Test("A stream runs on when its connection is lost, and is stored whole")
    func lostConnection() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let device = try await client.connect(gateway: 1)
            let request = try await socket.say("/pace 20ms /words 50", in: session)
            let start = try await socket.begun(request)
            _ = try await socket.chunks(2, of: request)
            try await socket.abort()

            let push = try await device.created(start.string("message_id"))
            #expect(push["message"]?["is_complete"] == true)
            let words = (1...50).map { "word\($0)" }.joined(separator: " ")
            #expect(push["message"]?.messageText == words)
        }
    }

    @Test("A client that reads nothing delays nobody, and gets every chunk when it reads again")
    func slowClient() async throws {
        try await withSharedCluster { cluster in
            let slow = try await TestClient(of: cluster)
            let other = try await TestClient(of: cluster)
            let sessions = (try await slow.makeSession(), try await other.makeSession())
            let slowSocket = try await slow.connect()
            let otherSocket = try await other.connect()
            let request = try await slowSocket.say("/words 40000", in: sessions.0)
            let start = try await slowSocket.begun(request)
            try await slowSocket.pauseReading()
            let answer = try await otherSocket.converse("/words 500", in: sessions.1)
            #expect(answer.state == "complete")

            try await slowSocket.resumeReading()
            let whole = try await slowSocket.stream(of: request, start: start, timeout: .seconds(60))
            whole.expectWellFormed()
            #expect(whole.chunks.count == 40_000)
            #expect(try await slow.message(whole.messageID).messageText == whole.text)
        }
    }
}
