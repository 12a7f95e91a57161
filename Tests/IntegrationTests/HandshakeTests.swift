import ChatCore
import TestSupport
import Testing

/// Who may connect, and how (`contract/websocket.md`, 'Connecting').
@Suite(.timeLimit(.minutes(5)))
struct HandshakeTests {
    @Test("A connection is ready with what the contract promises")
    func ready() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let socket = try await WebSocketClient.connect(
                port: cluster.gateways[0].port,
                WebSocketClient.Handshake(token: client.token)
            )
            #expect(socket.handshakeHeaders["sec-websocket-protocol"] == "chat-engine.v2")
            let ready = try await socket.next()
            #expect(ready.type == "connection.ready")
            #expect(ready["client_id"]?.stringValue == client.id)
            #expect(ready["protocol_version"] == "2.0")
            #expect(ready["node_id"] == "gateway-1")
            #expect(ready["last_seq"] == 0)
            #expect(ready["ping_interval_seconds"] == 30)
            #expect(ready["max_payload_bytes"] == 1_048_576)
            #expect(ready["max_concurrent_streams"] == 16)
            #expect(ready.string("connection_id").count == 36)
            #expect(!ready.string("server_version").isEmpty)
            try await socket.close()
            #expect(try await socket.closeCode() == 1000)
        }
    }

    @Test("A browser's token is taken from the subprotocols and not sent back")
    func tokenAsSubprotocol() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            var handshake = WebSocketClient.Handshake(token: client.token)
            handshake.tokenPlace = .subprotocol
            handshake.origin = cluster.publicAPI().baseURL
            let socket = try await WebSocketClient.connect(port: cluster.gateways[0].port, handshake)
            #expect(socket.handshakeHeaders["sec-websocket-protocol"] == "chat-engine.v2")
            #expect(!socket.handshakeHeaders.values.contains { $0.contains(client.token) })
            #expect(try await socket.expect("connection.ready")["client_id"]?.stringValue == client.id)
        }
    }

    @Test("A client that offers no subprotocol is accepted without one")
    func noSubprotocol() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            var handshake = WebSocketClient.Handshake(token: client.token)
            handshake.subprotocols = []
            let socket = try await WebSocketClient.connect(port: cluster.gateways[0].port, handshake)
            #expect(socket.handshakeHeaders["sec-websocket-protocol"] == nil)
            try await socket.expect("connection.ready")
        }
    }

    @Test("Compression is not agreed to")
    func noExtensions() async throws {
        try await withSharedCluster { cluster in
            var handshake = WebSocketClient.Handshake(token: try await TestClient(of: cluster).token)
            handshake.headers = [("sec-websocket-extensions", "permessage-deflate; client_max_window_bits")]
            let socket = try await WebSocketClient.connect(port: cluster.gateways[0].port, handshake)
            #expect(socket.handshakeHeaders["sec-websocket-extensions"] == nil)
            try await socket.expect("connection.ready")
        }
    }

    @Test("Unknown subprotocols alone are refused with 400")
    func unknownSubprotocol() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            var handshake = WebSocketClient.Handshake(token: client.token)
            handshake.subprotocols = ["chat-engine.v9", "soap"]
            try await expectRefusal(of: handshake, at: cluster, 400, "INVALID_REQUEST")
        }
    }

    @Test("A page of a foreign origin is refused with 403, token or not")
    func foreignOrigin() async throws {
        try await withSharedCluster { cluster in
            for token in [try await TestClient(of: cluster).token, nil] {
                var handshake = WebSocketClient.Handshake(token: token)
                handshake.origin = "https://evil.example"
                try await expectRefusal(of: handshake, at: cluster, 403, "FORBIDDEN")
            }
        }
    }

    @Test("A bad token is refused with 401", arguments: BadToken.allCases)
    func badToken(_ bad: BadToken) async throws {
        try await withSharedCluster { cluster in
            let handshake = WebSocketClient.Handshake(token: try await bad.make())
            let refusal = try await expectRefusal(of: handshake, at: cluster, 401, "AUTH_REQUIRED")
            #expect(refusal?.headers["www-authenticate"]?.contains("invalid_token") == true)
        }
    }

    @Test("Another path and a plain request get an error")
    func noHandshake() async throws {
        try await withSharedCluster { cluster in
            var handshake = WebSocketClient.Handshake(token: try await TestClient(of: cluster).token)
            handshake.path = "/elsewhere"
            try await expectRefusal(of: handshake, at: cluster, 404, "NOT_FOUND")
            let gateway = APIClient(baseURL: "http://127.0.0.1:\(cluster.gateways[0].port)")
            expectError(try await gateway.get("/ws"), 400, "INVALID_REQUEST")
        }
    }

    @Test("The token may come as the first message, with the last seq")
    func firstMessage() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect()
            _ = try await socket.converse("one", in: session)
            let late = try await WebSocketClient.connect(
                port: cluster.gateways[1].port,
                WebSocketClient.Handshake()
            )
            try await late.send("auth", ["token": .string(client.token), "last_seq": 1])
            #expect(try await late.expect("connection.ready")["client_id"]?.stringValue == client.id)
            #expect(sequence(try await late.pushes(1)) == [2])
        }
    }

    @Test("A bad token in the first message is told, then the connection closes")
    func badFirstMessage() async throws {
        try await withSharedCluster { cluster in
            let messages: [(String, JSONValue)] = [
                ("auth", ["token": .string(try await BadToken.forged.make())]),
                ("message.send", ["session_id": "0191e6a0-0000-7000-8000-000000000000", "content": "x"]),
            ]
            for message in messages {
                let socket = try await WebSocketClient.connect(
                    port: cluster.gateways[0].port,
                    WebSocketClient.Handshake()
                )
                try await socket.send(message.0, message.1)
                let error = try await socket.expect("connection.error")
                #expect(error["error_code"] == "AUTH_REQUIRED")
                expectErrorShape(error.payload)
                #expect(try await socket.closeCode() == 4401)
            }
        }
    }

    @Test("A token's end closes the connection, unless a fresh one came before")
    func expiry() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster, expiresInSeconds: 10)
            let expiring = try await client.connect()
            let renewed = try await client.connect()
            let fresh = try await Tokens.sign(client: client.id)
            let request = try await renewed.send("auth", ["token": .string(fresh)])
            try await renewed.expect("response.success", requestID: request)

            let error = try await expiring.expect("connection.error", timeout: .seconds(30))
            #expect(error["error_code"] == "AUTH_REQUIRED")
            #expect(try await expiring.closeCode() == 4401)
            try await renewed.ping()
        }
    }

    @Test("A fresh token of another client closes the connection")
    func anotherClientsToken() async throws {
        try await withSharedCluster { cluster in
            let socket = try await TestClient(of: cluster).connect()
            try await socket.send("auth", ["token": .string(try await TestClient(of: cluster).token)])
            #expect(try await socket.expect("connection.error")["error_code"] == "AUTH_REQUIRED")
            #expect(try await socket.closeCode() == 4401)
        }
    }

    @discardableResult
    private func expectRefusal(
        of handshake: WebSocketClient.Handshake,
        at cluster: TestCluster,
        _ status: Int,
        _ code: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> WebSocketRefusal? {
        let refusal = await #expect(throws: WebSocketRefusal.self, sourceLocation: sourceLocation) {
            _ = try await WebSocketClient.connect(port: cluster.gateways[0].port, handshake)
        }
        #expect(refusal?.status == status, sourceLocation: sourceLocation)
        #expect(refusal?.body["error_code"]?.stringValue == code, sourceLocation: sourceLocation)
        expectErrorShape(refusal?.body ?? .null, sourceLocation: sourceLocation)
        return refusal
    }
}
