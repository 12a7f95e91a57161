import ChatCore
import TestSupport
import Testing

/// How a gateway goes away (`contract/runtime.md`, 'Life cycle'); see `NodeFaultTests` for its streams.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct DrainTests {
    private let shape = TestCluster.Shape(apis: 1)

    @Test("Every connection of the gateway is told, each of another moment, and closed with 1001")
    func everyConnectionIsTold() async throws {
        try await withCluster(shape) { cluster in
            var sockets: [WebSocketClient] = []
            for _ in 0..<4 {
                let client = try await TestClient(of: cluster)
                for _ in 0..<5 { sockets.append(try await client.connect(gateway: 0)) }
            }
            let elsewhere = try await TestClient(of: cluster).connect(gateway: 1)
            let before = Timestamp.now
            cluster.gateways[0].askToTerminate()
            var delays: Set<Int64> = []
            for socket in sockets {
                let notice = try await socket.expect("connection.draining")
                let delay = try #require(notice["reconnect_after_ms"]?.integerValue)
                #expect((0...5000).contains(delay))
                delays.insert(delay)
                let deadline = try #require(Timestamp(rfc3339: notice.string("deadline")))
                #expect(deadline > before)
                #expect(try await socket.closeCode() == 1001)
            }
            #expect(delays.count > 10)
            #expect(try #require(await cluster.gateways[0].untilExit()).isSuccess)
            try await elsewhere.ping()
            #expect(elsewhere.waiting.isEmpty)
        }
    }

    @Test("A client that says who it is only during the drain is told, too")
    func lateAuthentication() async throws {
        try await withCluster(shape) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let busy = try await client.connect(gateway: 0)
            let request = try await busy.say("/pace 50ms /words 2000", in: session)
            let message = try await busy.begun(request).string("message_id")
            let late = try await WebSocketClient.connect(port: cluster.gateways[0].port, .init())
            try await late.ping()
            cluster.gateways[0].askToTerminate()
            try await busy.expect("connection.draining")
            try await late.ping()
            #expect(late.waiting.isEmpty)

            try await late.send("auth", ["token": .string(client.token)])
            #expect(try await late.next().type == "connection.ready")
            #expect(try await late.next().type == "connection.draining")
            #expect(try await client.api().post("/api/v1/messages/\(message)/stop").status == 200)
            #expect(try await late.closeCode() == 1001)
        }
    }

    @Test("A request that waits for its turn is refused, leaves the line, and may be repeated elsewhere")
    func waitingRequest() async throws {
        try await withCluster(shape) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let other = try await client.connect(gateway: 1)
            let running = try await other.say("/pace 50ms /words 2000", in: session)
            let start = try await other.begun(running)
            let socket = try await client.connect(gateway: 0)
            let payload: JSONValue = ["session_id": .string(session), "content": "next", "on_busy": "enqueue"]
            let id = try await socket.send("message.send", payload)
            try await eventually("the request waits") { try await waiting(in: cluster) == 1 ? true : nil }

            cluster.gateways[0].askToTerminate()
            let refusal = try await socket.expect("response.error", requestID: id)
            #expect(refusal["error_code"] == "SERVICE_UNAVAILABLE")
            #expect(try await socket.closeCode() == 1001)
            #expect(try #require(await cluster.gateways[0].untilExit()).isSuccess)
            #expect(try await waiting(in: cluster) == 0)
            #expect(try await client.messages(of: session).count == 2)

            try await other.send("message.send", payload, id: id)
            #expect(try await client.api().post("/api/v1/messages/\(start.string("message_id"))/stop").status == 200)
            #expect(try await other.stream(of: id).text == "next")
        }
    }

    @Test("A message that is just being written is answered to its end")
    func requestUnderWay() async throws {
        try await withCluster(shape) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            // Nobody writes a message until it is let go, below.
            let locked = Task {
                try? await cluster.database.query("BEGIN; LOCK TABLE messages IN SHARE MODE; SELECT pg_sleep(600)")
            }
            try await eventually("messages cannot be written") {
                try await cluster.database.query("SELECT count(*) FROM pg_locks WHERE mode = 'ShareLock'") == "0"
                    ? nil : true
            }
            let request = try await socket.say("/pace 20ms /words 20", in: session)
            try await eventually("the message waits to be written") {
                try await cluster.database.query("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0" ? nil : true
            }
            cluster.gateways[0].askToTerminate()
            try await socket.expect("connection.draining")
            let refused = try await socket.say("too late", in: session)
            #expect(
                try await socket.expect("response.error", requestID: refused)["error_code"] == "SERVICE_UNAVAILABLE"
            )
            try await cluster.database.query(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()
                """
            )
            _ = await locked.value
            let answer = try await socket.stream(of: request)
            #expect(answer.state == "complete")
            #expect(answer.chunks.count == 20)
            #expect(try await socket.closeCode() == 1001)
            #expect(try #require(await cluster.gateways[0].untilExit()).isSuccess)
            #expect(try await client.message(answer.messageID).messageText == answer.text)
        }
    }

    @Test("A viewer that is behind gets the rest of a stream that has ended")
    func slowViewer() async throws {
        try await withCluster(shape) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let quick = try await client.connect(gateway: 0)
            let slow = try await client.connect(gateway: 0, receiveBufferBytes: 64 * 1024)
            let request = try await quick.say("/pace 5ms /bytes 16000 /words 200", in: session)
            let message = try await quick.begun(request).string("message_id")
            try await slow.pauseReading()
            let watching = try await slow.resume(message, from: 0)
            var answer = ResumedStream()
            try await answer.follow(quick, request)
            #expect(answer.state == "complete")

            cluster.gateways[0].askToTerminate()
            try await quick.expect("connection.draining")
            try await slow.resumeReading()
            var seen = ResumedStream()
            try await seen.follow(slow, watching)
            #expect(seen.state == "complete")
            #expect(seen.snapshots == 0)
            #expect(seen.text == answer.text)
            #expect(try await slow.closeCode() == 1001)
            #expect(try #require(await cluster.gateways[0].untilExit()).isSuccess)
        }
    }

    @Test("A second signal ends the gateway at once")
    func secondSignal() async throws {
        try await withCluster(shape) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let request = try await socket.say("/pace 100ms /words 3000", in: session)
            _ = try await socket.begun(request)
            cluster.gateways[0].askToTerminate()
            try await socket.expect("connection.draining")
            cluster.gateways[0].askToTerminate()
            let status = try #require(await cluster.gateways[0].untilExit())
            #expect(status.code == 128 + 15 && !status.isSignal, "\(status)")
            #expect(try await socket.closeCode() == nil)
        }
    }

    private func waiting(in cluster: TestCluster) async throws -> Int {
        Int(try await cluster.database.query("SELECT count(*) FROM waiting_requests")) ?? 0
    }
}
