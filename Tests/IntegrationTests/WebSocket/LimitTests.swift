import ChatCore
import TestSupport
import Testing

/// What a gateway bounds, each by its setting, and how it says so (`contract/websocket.md`, 'Close codes').
@Suite(.timeLimit(.minutes(5)))
struct LimitTests {
    private static let limited = SharedCluster(
        shape([
            "AUTH_TIMEOUT_SECONDS": "1", "MAX_CONCURRENT_STREAMS": "1", "MAX_PAYLOAD_BYTES": "1024",
            "MAX_BAD_INPUTS": "3", "BAD_INPUT_WINDOW_SECONDS": "3600",
        ])
    )

    private static func shape(_ environment: [String: String]) -> TestCluster.Shape {
        TestCluster.Shape(apis: 1, gateways: 1, buses: 1, environment: environment)
    }

    // MARK: Connections

    @Test("Connections over the limits of the client and of the node are closed; those that are left go with the node")
    func connections() async throws {
        let shape = Self.shape(["MAX_CONNECTIONS": "3", "MAX_CONNECTIONS_PER_CLIENT": "2"])
        try await withCluster(shape) { cluster in
            let clients = (try await TestClient(of: cluster), try await TestClient(of: cluster))
            let first = try await clients.0.connect()
            let second = try await clients.0.connect()

            let third = try await open(clients.0)
            let error = try await third.expect("connection.error")
            #expect(error["error_code"] == "RATE_LIMIT_EXCEEDED")
            #expect(error["details"]?["limit_type"] == "connections")
            expectErrorShape(error.payload)
            #expect(try await third.closeCode() == 4429)

            let other = try await eventually("the refused connection gives its place back") {
                try? await clients.1.connect()
            }
            let fourth = try await open(clients.1)
            #expect(try await fourth.closeCode() == 1013)
            #expect(fourth.waiting.isEmpty)

            try await second.close()
            let again = try await eventually("a closed connection gives its places back") {
                try? await clients.0.connect()
            }

            cluster.gateways[0].askToTerminate()
            for socket in [first, other, again] {
                try await socket.expect("connection.draining")
                #expect(try await socket.closeCode() == 1001)
            }
        }
    }

    @Test("Who has connected and says nothing takes a place of the node until the time for the handshake is over")
    func handshakes() async throws {
        try await withCluster(Self.shape(["MAX_CONNECTIONS": "3"])) { cluster in
            let client = try await TestClient(of: cluster)
            let first = try await client.connect()
            let port = cluster.gateways[0].port
            let silent = [try await SilentConnection.open(port: port), try await SilentConnection.open(port: port)]
            try await eventually("the node is full") { () -> Bool? in
                let socket = try await open(client)
                guard (try? await socket.next()) == nil else { return nil }
                return try await socket.closeCode() == 1013 ? true : nil
            }
            for connection in silent { try await connection.close() }
            try await eventually("there is room again") { try? await client.connect() }
            try await first.ping()
        }
    }

    @Test("A client that answers no ping is let go, one that does stays")
    func silence() async throws {
        let shape = Self.shape(["PING_INTERVAL_SECONDS": "1", "PONG_TIMEOUT_SECONDS": "2"])
        try await withCluster(shape) { cluster in
            let client = try await TestClient(of: cluster)
            let (present, silent) = (try await client.connect(), try await client.connect())
            try await silent.pauseReading()
            try await eventually("the silent connection is let go") {
                try await cluster.gateways[0].metric("chat_engine_connections") == 1 ? true : nil
            }
            #expect(!present.hasEnded)
            try await present.ping()
            // It may have learned of that by itself.
            try? await silent.resumeReading()
            try await silent.untilGone()
            #expect(try await silent.closeCode() == nil)
        }
    }

    @Test("Without a token in time, the connection is told and closed; with one it stays")
    func authenticationTimeout() async throws {
        try await withSharedCluster(Self.limited) { cluster in
            let client = try await TestClient(of: cluster)
            let ready = try await client.connect()
            let socket = try await WebSocketClient.connect(
                port: cluster.gateways[0].port,
                WebSocketClient.Handshake()
            )
            let error = try await socket.expect("connection.error")
            #expect(error["error_code"] == "AUTH_REQUIRED")
            expectErrorShape(error.payload)
            #expect(try await socket.closeCode() == 4401)
            try await ready.ping()
        }
    }

    @Test("What goes wrong inside closes the connection as an internal error")
    func internalError() async throws {
        try await withCluster(Self.shape([:])) { cluster in
            let client = try await TestClient(of: cluster)
            try await cluster.database.query("ALTER TABLE event_counters RENAME TO gone")
            let socket = try await open(client)
            let error = try await socket.expect("connection.error")
            #expect(error["error_code"] == "INTERNAL_ERROR")
            expectErrorShape(error.payload)
            #expect(try await socket.closeCode() == 1011)
        }
    }

    // MARK: Messages

    @Test("A message over the rate is refused and not acted on; who goes on is closed, and nobody else")
    func messageRate() async throws {
        let shape = Self.shape([
            "MAX_MESSAGES_PER_SECOND": "1", "MAX_REFUSED_MESSAGES": "100", "REFUSED_MESSAGES_WINDOW_SECONDS": "600",
        ])
        try await withCluster(shape) { cluster in
            let client = try await TestClient(of: cluster)
            let socket = try await client.connect()
            let bystander = try await client.connect()
            let (session, refusal) = try await sendUntilRefused(on: socket, of: client)
            #expect(refusal["details"]?["limit_type"] == "messages")
            #expect(refusal["details"]?["retry_after_seconds"] == 1)
            expectErrorShape(refusal.payload)
            #expect(try await client.messages(of: session).isEmpty)

            // After the time it was told, it may go on.
            try await eventually("the connection may send again") {
                try await socket.converse("again", in: session).state
            }

            let flooding = try await client.connect()
            var sent: [String] = []
            for _ in 0..<300 { sent.append((try? await flooding.say("x", in: session)) ?? "") }
            #expect(try await flooding.closeCode() == 4429)
            let refused = flooding.waiting.filter { $0["error_code"] == "RATE_LIMIT_EXCEEDED" }
            #expect(refused.count == 100)
            #expect(refused.allSatisfy { sent.contains($0.requestID ?? "") })
            #expect(try await bystander.converse("undisturbed", in: try await client.makeSession()).state == "complete")
        }
    }

    /// Sends each message into a session of its own.
    private func sendUntilRefused(
        on socket: WebSocketClient,
        of client: TestClient
    ) async throws -> (session: String, refusal: Envelope) {
        for _ in 0..<50 {
            let sessions = try await [client.makeSession(), client.makeSession(), client.makeSession()]
            var requests: [(id: String, session: String)] = []
            for session in sessions { requests.append((try await socket.say("hello", in: session), session)) }
            for request in requests {
                let answer = try await socket.expect {
                    $0.requestID == request.id && ["message.streaming.start", "response.error"].contains($0.type)
                }
                if answer["error_code"] == "RATE_LIMIT_EXCEEDED" { return (request.session, answer) }
            }
        }
        throw TestSupportError("nothing was refused")
    }

    @Test("One stream more than the setting allows is refused")
    func concurrentStreams() async throws {
        try await withSharedCluster(Self.limited) { cluster in
            let client = try await TestClient(of: cluster)
            let socket = try await client.connect()
            let sessions = (try await client.makeSession(), try await client.makeSession())
            let start = try await socket.begun(try await socket.say("/pace 1s /words 600", in: sessions.0))
            let request = try await socket.say("one more", in: sessions.1)
            let refusal = try await socket.expect("response.error", requestID: request)
            #expect(refusal["error_code"] == "RATE_LIMIT_EXCEEDED")
            #expect(refusal["details"]?["limit_type"] == "concurrent")
            let stop = "/api/v1/messages/\(start.string("message_id"))/stop"
            #expect(try await client.api().post(stop)["stopped"] == true)
        }
    }

    @Test("A message may be as large as the setting says, and no larger")
    func payload() async throws {
        try await withSharedCluster(Self.limited) { cluster in
            let client = try await TestClient(of: cluster)
            let socket = try await WebSocketClient.connect(
                port: cluster.gateways[0].port,
                WebSocketClient.Handshake(token: client.token)
            )
            #expect(try await socket.expect("connection.ready")["max_payload_bytes"] == 1024)
            try await socket.sendText(String(repeating: "x", count: 1024))
            #expect(try await socket.expect("response.error")["error_code"] == "INVALID_REQUEST")
            try await socket.sendText(String(repeating: "x", count: 1025))
            #expect(try await socket.closeCode() == 1009)
        }
    }

    @Test("As much bad input as the setting says closes the connection")
    func badInput() async throws {
        try await withSharedCluster(Self.limited) { cluster in
            let client = try await TestClient(of: cluster)
            let (socket, bystander) = (try await client.connect(), try await client.connect())
            for _ in 0..<3 { try await socket.sendText("rubbish") }
            #expect(try await socket.closeCode() == 1008)
            #expect(
                socket.waiting.map { $0["error_code"] } == ["INVALID_REQUEST", "INVALID_REQUEST", "INVALID_REQUEST"]
            )
            try await bystander.ping()
        }
    }

    /// Connects and leaves what comes in the inbox.
    private func open(_ client: TestClient) async throws -> WebSocketClient {
        try await WebSocketClient.connect(
            port: client.cluster.gateways[0].port,
            WebSocketClient.Handshake(token: client.token)
        )
    }
}
