import ChatCore
import TestSupport
import Testing

/// What the others do when one node dies, hangs or leaves.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct NodeFaultTests {
    @Test("kill -9 of a gateway: its connections drop, the others live, its stream is closed as interrupted")
    func killedGateway() async throws {
        try await withCluster(TestCluster.Shape(apis: 1)) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let doomed = try await client.connect(gateway: 0)
            let device = try await client.connect(gateway: 1)
            let bystander = try await TestClient(of: cluster)
            let other = try await bystander.connect(gateway: 1)
            let otherRequest = try await other.say("/pace 50ms /words 100", in: try await bystander.makeSession())

            let request = try await doomed.say("/pace 100ms /words 3000", in: session)
            let start = try await doomed.begun(request)
            let seen = try await doomed.chunks(25, of: request)
            await cluster.gateways[0].kill()

            #expect(try await doomed.closeCode() == nil)
            try await device.ping()
            let push = try await device.created(start.string("message_id"))
            let message = try #require(push["message"])
            #expect(message.messageState == "interrupted")
            #expect(message["is_complete"] == false)
            let text = seen.map { $0["chunk"]?["content"]?.stringValue ?? "" }.joined()
            #expect(message.messageText.hasPrefix("word1 word2"))
            #expect(text.hasPrefix(message.messageText) || message.messageText.hasPrefix(text))
            #expect(try await client.message(start.string("message_id")).sorted == message.sorted)
            #expect(try await other.stream(of: otherRequest).state == "complete")
            #expect(try await device.converse("still there?", in: session).state == "complete")

            try await cluster.gateways[0].start()
            let back = try await client.connect(gateway: 0)
            #expect(try await back.converse("and you?", in: session).state == "complete")
        }
    }

    @Test("A gateway that hung while its stream was taken over does not write over the end")
    func hungGateway() async throws {
        try await withCluster(TestCluster.Shape(apis: 1)) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let hung = try await client.connect(gateway: 0)
            let device = try await client.connect(gateway: 1)
            let request = try await hung.say("/pace 100ms /words 300", in: session)
            let start = try await hung.begun(request)
            _ = try await hung.chunks(3, of: request)
            cluster.gateways[0].pause()
            let push = try await device.created(start.string("message_id"), timeout: .seconds(20))
            #expect(push["message"]?.messageState == "interrupted")

            cluster.gateways[0].resume()
            try await hung.expect("message.streaming.error", requestID: request, timeout: .seconds(60))
            #expect(try await client.message(start.string("message_id")).sorted == push["message"]?.sorted)
            try await eventually("the gateway serves again") {
                try await cluster.gateways[0].ask("/readyz").status == 200 ? true : nil
            }
            #expect(try await hung.converse("awake?", in: session).state == "complete")
        }
    }

    @Test("Stop of a stream whose gateway was killed closes it in its place")
    func stopOfDeadOwner() async throws {
        try await withCluster(TestCluster.Shape(apis: 1, gateways: 1, buses: 0)) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect()
            let request = try await socket.say("/pace 50ms /words 3000", in: session)
            let start = try await socket.begun(request)
            _ = try await socket.chunks(2, of: request)
            await cluster.gateways[0].kill()
            let answer = try await client.api().post("/api/v1/messages/\(start.string("message_id"))/stop")
            #expect(answer.status == 200)
            #expect(answer["stopped"] == true)
            #expect(try await client.message(start.string("message_id")).messageState == "interrupted")
        }
    }

    @Test("kill -9 of a bus beside another, and of the only one, delays pushes and loses none")
    func killedBus() async throws {
        try await withCluster(TestCluster.Shape(apis: 1, buses: 2)) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let device = try await client.connect(gateway: 1)
            _ = try await socket.converse("both", in: session)
            await cluster.buses[0].kill()
            for number in 1...3 { _ = try await socket.converse("one \(number)", in: session) }
            #expect(sequence(try await device.pushes(8)) == Array(1...8))

            await cluster.buses[1].kill()
            for number in 1...3 { _ = try await socket.converse("none \(number)", in: session) }
            try await cluster.buses[0].start()
            _ = try await socket.converse("one again", in: session)
            #expect(sequence(try await device.pushes(8)) == Array(9...16))
            #expect(sequence(try await socket.pushes(16)) == Array(1...16))
        }
    }

    @Test("Two buses, 200 messages: every device gets each push once and in order")
    func twoBuses() async throws {
        try await withCluster(TestCluster.Shape(buses: 2)) { cluster in
            let client = try await TestClient(of: cluster)
            let devices = [try await client.connect(gateway: 0), try await client.connect(gateway: 1)]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<10 {
                    let session = try await client.makeSession(through: client.api(number % 2))
                    group.addTask {
                        for message in 1...20 {
                            _ = try await devices[number % 2].converse("message \(message)", in: session)
                        }
                    }
                }
                try await group.waitForAll()
            }
            for device in devices {
                let pushes = try await device.pushes(400)
                #expect(sequence(pushes) == Array(1...400))
                let ids = Set(pushes.compactMap { $0["message"]?["message_id"]?.stringValue })
                #expect(ids.count == 400)
                try await device.ping()
                #expect(device.waiting.isEmpty)
            }
        }
    }

    @Test("SIGTERM of a gateway: drain is announced, the stream finishes, then 1001 and exit code 0")
    func drain() async throws {
        try await withCluster(TestCluster.Shape(apis: 1)) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let request = try await socket.say("/pace 50ms /words 80", in: session)
            let start = try await socket.begun(request)
            let chunks = try await socket.chunks(3, of: request)
            cluster.gateways[0].askToTerminate()

            let draining = try await socket.expect("connection.draining")
            #expect(draining["reconnect_after_ms"]?.integerValue != nil)
            #expect(!draining.string("deadline").isEmpty)
            #expect(try await cluster.gateways[0].ask("/readyz").status == 503)
            #expect(try await cluster.gateways[0].ask("/healthz").status == 200)
            await #expect(throws: (any Error).self) { _ = try await client.connect(gateway: 0) }

            let refused = try await socket.say("another", in: try await client.makeSession())
            let refusal = try await socket.expect("response.error", requestID: refused)
            #expect(refusal["error_code"] == "SERVICE_UNAVAILABLE")
            let answer = try await socket.stream(of: request, start: start, chunks: chunks)
            answer.expectWellFormed()
            #expect(answer.chunks.count == 80)
            #expect(answer.state == "complete")
            #expect(try await socket.closeCode() == 1001)
            let status = try #require(await cluster.gateways[0].untilExit())
            #expect(status.isSuccess)
            #expect(try await client.message(answer.messageID)["is_complete"] == true)
        }
    }

    @Test("A stream that does not end within the drain is closed as interrupted")
    func drainTooShort() async throws {
        try await withCluster(TestCluster.Shape(apis: 1, environment: ["DRAIN_SECONDS": "1"])) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let request = try await socket.say("/pace 50ms /words 3000", in: session)
            let start = try await socket.begun(request)
            let chunks = try await socket.chunks(3, of: request)
            cluster.gateways[0].askToTerminate()
            let answer = try await socket.stream(of: request, start: start, chunks: chunks)
            #expect(answer.end.type == "message.streaming.error")
            #expect(try await socket.closeCode() == 1001)
            #expect(try #require(await cluster.gateways[0].untilExit()).isSuccess)
            let message = try await client.message(answer.messageID)
            #expect(message.messageState == "interrupted")
            #expect(message.messageText == answer.text)
        }
    }

    @Test("SIGTERM ends REST nodes and buses with exit code 0")
    func orderlyEnd() async throws {
        try await withCluster(TestCluster.Shape(apis: 1, gateways: 1, buses: 1)) { cluster in
            for node in cluster.nodes {
                let status = try #require(await node.terminate())
                #expect(status.isSuccess, "\(node.name): \(status)")
            }
        }
    }
}
