import ChatCore
import TestSupport
import Testing

/// A stop at every moment of a stream comes to one final state, which is what clients saw (`contract/semantics.md`, 'Stop').
@Suite(.timeLimit(.minutes(5)))
struct StopTests {
    private func stop(_ message: String, through node: Int, of client: TestClient) async throws -> Bool? {
        let answer = try await client.api(node).post("/api/v1/messages/\(message)/stop")
        #expect(answer.status == 200, "\(answer)")
        #expect(answer["partial_message_id"]?.stringValue == message)
        return answer.body["stopped"].map { $0 == true }
    }

    private func eventCount(of message: String, _ cluster: TestCluster) async throws -> String {
        try await cluster.database.query(
            "SELECT count(*) FROM events WHERE payload -> 'message' ->> 'message_id' = '\(message)'"
        )
    }

    @Test("Before the first chunk, and before the backend has answered at all", arguments: ["/hang", "/hang head"])
    func beforeTheFirstChunk(fault: String) async throws {
        try await withSharedCluster { cluster in
            let backend = try await cluster.startBackend()
            let type = try await cluster.addSessionType(["webhook_url": .string(TestCluster.url(of: backend))])
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession(type: type)
            let socket = try await client.connect(gateway: 0)
            let request = try await socket.say(fault, in: session)
            let start = try await socket.begun(request)
            let message = start.string("message_id")
            #expect(try await stop(message, through: 1, of: client) == true)

            let answer = try await socket.stream(of: request, start: start)
            answer.expectWellFormed()
            #expect(answer.state == "stopped")
            #expect(answer.chunks.isEmpty)
            let stored = try await client.message(message)
            #expect(stored.messageState == "stopped")
            #expect(stored["content"]?.arrayValue == [])
            // The call was given up, if it had been made at all.
            try await eventually("nobody waits for the backend") {
                try await TestCluster.statistics(of: backend)["active_streams"] == 0 ? true : nil
            }
            #expect(try await socket.converse("go on", in: session).state == "complete")
            await backend.terminate()
        }
    }

    @Test("Ten stops at once over both nodes stop it once, and one more after that is harmless")
    func twice() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let request = try await socket.say("/pace 50ms /words 2000", in: session)
            let start = try await socket.begun(request)
            let chunks = try await socket.chunks(2, of: request)
            let message = start.string("message_id")
            let stopped = try await withThrowingTaskGroup(of: Bool?.self) { group in
                for number in 0..<10 {
                    group.addTask { try await stop(message, through: number % 2, of: client) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(stopped.contains(true))
            let answer = try await socket.stream(of: request, start: start, chunks: chunks)
            answer.expectWellFormed()
            #expect(answer.state == "stopped")
            let stored = try await client.message(message)
            #expect(stored.messageState == "stopped")
            #expect(stored.messageText == answer.text)
            #expect(try await stop(message, through: 1, of: client) == false)
            #expect(try await client.message(message) == stored)
            #expect(try await eventCount(of: message, cluster) == "1")
        }
    }

    @Test("After the end it changes nothing, and makes no event")
    func afterTheEnd() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let answer = try await client.connect(gateway: 0).converse("one two", in: session)
            let stored = try await client.message(answer.messageID)
            #expect(try await stop(answer.messageID, through: 1, of: client) == false)
            #expect(try await client.message(answer.messageID) == stored)
            #expect(try await eventCount(of: answer.messageID, cluster) == "1")
        }
    }

    @Test("In a race with the end, what is answered, told and stored agrees", arguments: [0, 1])
    func race(node: Int) async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let socket = try await client.connect(gateway: 0)
            for words in 1...20 {
                let session = try await client.makeSession()
                let request = try await socket.say("/pace 3ms /words \(words)", in: session)
                let start = try await socket.begun(request)
                // The nearer the last chunk, the nearer the race.
                let chunks = try await socket.chunks(words - words / 4, of: request)
                let message = start.string("message_id")
                let isStopped = try await stop(message, through: node, of: client)
                let answer = try await socket.stream(of: request, start: start, chunks: chunks)
                answer.expectWellFormed()
                #expect(answer.state == (isStopped == true ? "stopped" : "complete"))
                let stored = try await client.message(message)
                #expect(stored.messageState == answer.state)
                #expect(stored.messageText == answer.text)
                #expect(try await eventCount(of: message, cluster) == "1")
            }
        }
    }

    @Test(
        "Of an owner that hangs, it closes the stream in its place once the lease is over; the owner cannot undo that"
    )
    func hungOwner() async throws {
        try await withCluster(TestCluster.Shape(apis: 1, buses: 0)) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let hung = try await client.connect(gateway: 0)
            let request = try await hung.say("/pace 100ms /words 300", in: session)
            let message = try await hung.begun(request).string("message_id")
            _ = try await hung.chunks(3, of: request)
            cluster.gateways[0].pause()
            #expect(try await stop(message, through: 0, of: client) == true)
            let stored = try await client.message(message)
            #expect(stored.messageState == "interrupted")

            cluster.gateways[0].resume()
            try await hung.expect("message.streaming.error", requestID: request, timeout: .seconds(60))
            #expect(try await client.message(message) == stored)
            #expect(try await eventCount(of: message, cluster) == "1")
        }
    }
}
