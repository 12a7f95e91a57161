import ChatCore
import TestSupport
import Testing

/// PostgreSQL and Redis away, under a running cluster and at its start.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ServiceFaultTests {
    @Test("PostgreSQL restarts under a running stream: 503 meanwhile, recovery, and a proper end")
    func postgresRestart() async throws {
        try await withCluster(TestCluster.Shape(ownsPostgres: true)) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let device = try await client.connect(gateway: 1)
            let request = try await socket.say("/pace 50ms /words 60", in: session)
            let start = try await socket.begun(request)
            var chunks = try await socket.chunks(5, of: request)

            try await cluster.database.server.stop()
            let away = try await client.api().get("/api/v1/sessions")
            expectError(away, 503, "SERVICE_UNAVAILABLE")
            #expect(away.headers["retry-after"] != nil)
            for node in cluster.nodes {
                try await eventually("\(node.name) is not ready") {
                    try await node.ask("/readyz").status == 503 ? true : nil
                }
                #expect(try await node.ask("/healthz").status == 200)
            }
            let unavailable = try await socket.say("now?", in: session)
            let refusal = try await socket.expect("response.error", requestID: unavailable, timeout: .seconds(40))
            #expect(refusal["error_code"] == "SERVICE_UNAVAILABLE")
            // The stream ends while its end cannot be written.
            chunks += try await socket.chunks(55, of: request)
            try await cluster.database.server.start()

            let answer = try await socket.stream(of: request, start: start, chunks: chunks, timeout: .seconds(40))
            answer.expectWellFormed()
            #expect(answer.end.type == "message.streaming.complete")
            for node in cluster.nodes { try await node.untilReady() }
            let message = try await client.message(answer.messageID, through: 1)
            #expect(message.messageText == answer.text)
            #expect(message["is_complete"] == true)
            #expect(try await device.created(answer.messageID)["message"]?.sorted == message.sorted)
            let next = try await socket.converse("back?", in: session)
            #expect(next.state == "complete")
            try await device.created(next.messageID)
        }
    }

    @Test("A request that waits for a stream waits on while PostgreSQL restarts")
    func postgresRestartInALine() async throws {
        try await withCluster(TestCluster.Shape(apis: 1, gateways: 1, ownsPostgres: true)) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect()
            let running = try await socket.say("/pace 50ms /words 2000", in: session)
            let message = try await socket.begun(running).string("message_id")
            let waiting = try await socket.send(
                "message.send",
                ["session_id": .string(session), "content": "after all", "on_busy": "enqueue"]
            )
            try await eventually("the request waits") {
                try await cluster.database.query("SELECT count(*) FROM waiting_requests") == "1" ? true : nil
            }
            try await cluster.database.server.stop()
            // Twice as long as an operation waits for a connection.
            for _ in 0..<2 {
                let other = try await socket.say("now", in: session)
                try await socket.expect("response.error", requestID: other, timeout: .seconds(40))
            }
            try await cluster.database.server.start()
            try await cluster.apis[0].untilReady()
            #expect(try await client.api().post("/api/v1/messages/\(message)/stop")["stopped"] == true)
            #expect(try await socket.stream(of: waiting).text == "after all")
            #expect(!socket.waiting.contains { $0.type == "response.error" })
        }
    }

    @Test("PostgreSQL crashes and comes back while a stream goes on")
    func postgresCrash() async throws {
        try await withCluster(TestCluster.Shape(apis: 1, gateways: 1, ownsPostgres: true)) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect()
            let request = try await socket.say("/pace 20ms /words 200", in: session)
            let start = try await socket.begun(request)
            let chunks = try await socket.chunks(5, of: request)
            try await cluster.database.server.crash()
            try await cluster.database.server.start()
            let answer = try await socket.stream(of: request, start: start, chunks: chunks, timeout: .seconds(40))
            answer.expectWellFormed()
            #expect(answer.state == "complete")
            #expect(try await client.message(answer.messageID).messageText == answer.text)
            try await socket.created(answer.messageID)
        }
    }

    @Test("Redis goes and comes back: pushes made meanwhile arrive, once and in order")
    func redisRestart() async throws {
        try await withCluster(TestCluster.Shape()) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let device = try await client.connect(gateway: 1)
            _ = try await socket.converse("before", in: session)
            #expect(sequence(try await device.pushes(2)) == [1, 2])

            await cluster.redis.stop()
            try await untilMissingRedis(cluster)
            for number in 1...3 {
                #expect(try await socket.converse("meanwhile \(number)", in: session).state == "complete")
            }
            try await cluster.redis.start()
            _ = try await socket.converse("after", in: session)
            #expect(sequence(try await device.pushes(8)) == Array(3...10))
            #expect(sequence(try await socket.pushes(10)) == Array(1...10))
        }
    }

    /// Every node is ready, and says that it goes without Redis.
    private func untilMissingRedis(_ cluster: TestCluster) async throws {
        for node in cluster.nodes {
            try await eventually("\(node.name) is ready without Redis") {
                let answer = try await node.ask("/readyz")
                let isMissing = answer["checks"]?["redis"] == "unreachable"
                return answer.status == 200 && answer["status"] == "ready" && isMissing ? true : nil
            }
        }
    }

    @Test("With Redis away the load balancer still has every node: requests, stops and new connections are served")
    func withoutRedis() async throws {
        try await withCluster(TestCluster.Shape(hasLoadBalancer: true)) { cluster in
            let client = try await TestClient(of: cluster)
            let (device, _) = try await client.connectPublicly()
            await cluster.redis.stop()
            try await untilMissingRedis(cluster)

            let session = try await client.makeSession(through: client.publicAPI)
            let (socket, _) = try await client.connectPublicly()
            #expect(try await socket.converse("without", in: session).state == "complete")
            let request = try await socket.say("/pace 50ms /words 3000", in: session)
            let start = try await socket.begun(request)
            let id = start.string("message_id")
            let chunks = try await socket.chunks(2, of: request)
            let stopped = try await client.publicAPI.post("/api/v1/messages/\(id)/stop")
            #expect(stopped.body == ["stopped": true, "partial_message_id": .string(id)])
            #expect(try await socket.stream(of: request, start: start, chunks: chunks).state == "stopped")
            let (late, _) = try await client.connectPublicly(lastSeq: 0)
            for connection in [device, socket, late] {
                #expect(sequence(try await connection.pushes(4)) == Array(1...4))
            }

            try await cluster.redis.start()
            #expect(try await late.converse("with", in: session).state == "complete")
            for connection in [device, socket, late] {
                #expect(sequence(try await connection.pushes(2)) == [5, 6])
            }
            for node in cluster.nodes {
                try await eventually("\(node.name) has Redis back") {
                    try await node.ask("/readyz")["checks"]?["redis"] == "ok" ? true : nil
                }
            }
        }
    }

    @Test("What Redis forgets is not lost, however often it restarts")
    func redisForgets() async throws {
        try await withCluster(TestCluster.Shape()) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let device = try await client.connect(gateway: 1)
            for round in 1...5 {
                await cluster.redis.stop()
                try await cluster.redis.start()
                _ = try await socket.converse("round \(round)", in: session)
            }
            #expect(sequence(try await device.pushes(10)) == Array(1...10))
            #expect(sequence(try await socket.pushes(10)) == Array(1...10))
        }
    }

    @Test("A stop arrives with Redis away")
    func stopWithoutRedis() async throws {
        try await withCluster(TestCluster.Shape(gateways: 1)) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect()
            let request = try await socket.say("/pace 50ms /words 3000", in: session)
            let start = try await socket.begun(request)
            let chunks = try await socket.chunks(2, of: request)
            await cluster.redis.stop()
            let id = start.string("message_id")
            let stopped = try await client.api(1).post("/api/v1/messages/\(id)/stop")
            #expect(stopped.body == ["stopped": true, "partial_message_id": .string(id)])
            let answer = try await socket.stream(of: request, start: start, chunks: chunks)
            #expect(answer.state == "stopped")
            #expect(try await client.message(id).messageText == answer.text)
        }
    }

    @Test("Started without PostgreSQL and Redis, every node waits, says so, and works once they come")
    func startWithoutServices() async throws {
        let cluster = try await TestCluster.prepare(TestCluster.Shape(apis: 1, gateways: 1, ownsPostgres: true))
        try await showingLogs(of: cluster) { cluster in
            try await cluster.migrate()
            try await cluster.database.server.stop()
            await cluster.redis.stop()
            try await cluster.backend.start()
            for node in cluster.nodes { try await node.launchOnly() }
            for node in cluster.nodes {
                try await eventually("\(node.name) is alive") {
                    try await node.ask("/healthz").status == 200 ? true : nil
                }
                let readiness = try await node.ask("/readyz")
                #expect(readiness.status == 503)
                #expect(readiness["status"] == "not ready")
            }
            let client = try await TestClient(of: cluster)
            if let answer = try? await client.api().get("/api/v1/sessions") {
                expectError(answer, 503, "SERVICE_UNAVAILABLE")
            }

            try await cluster.redis.start()
            try await cluster.database.server.start()
            for node in cluster.nodes { try await node.untilReady() }
            try await cluster.registerSessionType()
            let session = try await client.makeSession()
            let answer = try await client.connect().converse("good morning", in: session)
            #expect(answer.state == "complete")
        }
        try await cluster.discard()
    }

    @Test("Everything goes down and comes up again: the conversation is still there")
    func restartOfEverything() async throws {
        try await withCluster(TestCluster.Shape(hasLoadBalancer: true, ownsPostgres: true)) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession(through: client.publicAPI)
            let (socket, _) = try await client.connectPublicly()
            _ = try await socket.converse("remember this", in: session)
            let before = try await client.messages(of: session)
            let sessionBefore = try await client.publicAPI.get("/api/v1/sessions/\(session)").body

            await cluster.stopProcesses()
            await cluster.redis.stop()
            try await cluster.database.server.stop()
            #expect(cluster.processes.allSatisfy { !$0.isRunning })
            try await cluster.database.server.start()
            try await cluster.redis.start()
            try await cluster.startProcesses()

            #expect(try await client.messages(of: session) == before)
            #expect(try await client.publicAPI.get("/api/v1/sessions/\(session)").body == sessionBefore)
            let (again, _) = try await client.connectPublicly()
            let answer = try await again.converse("and go on", in: session)
            #expect(answer.state == "complete")
            #expect(try await client.messages(of: session).count == 4)
            #expect(sequence(try await again.pushes(2)) == [3, 4])
        }
    }
}
