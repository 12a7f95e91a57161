import ChatCore
import TestSupport
import Testing

/// What a client that does not keep up costs, and whom (`contract/websocket.md`, 'Slow clients').
@Suite(.serialized, .timeLimit(.minutes(5)))
struct BackPressureTests {
    private static let receiveBufferBytes = 64 * 1024
    private static let wordBytes = 16_000
    private static let words = 300
    /// An answer of nearly 5 MB: more than all that lies between the backend and a client that does not read.
    private static let longAnswer = "/bytes \(wordBytes) /words \(words)"

    private func shape(slowConsumerSeconds: Int) -> TestCluster.Shape {
        TestCluster.Shape(
            apis: 1,
            gateways: 1,
            environment: ["SLOW_CONSUMER_SECONDS": "\(slowConsumerSeconds)"]
        )
    }

    @Test("A client that reads nothing has its backend wait, is closed with 4408, and its stream ends without it")
    func readsNothing() async throws {
        try await withCluster(shape(slowConsumerSeconds: 2)) { cluster in
            let client = try await TestClient(of: cluster)
            let (socket, request, message) = try await stalled(client)
            var wordsBefore = 0
            try await eventually("it is closed as slow") {
                let words = try await wordsSent(cluster)
                guard try await metric("chat_engine_slow_consumer_closes_total", of: cluster) < 1 else { return true }
                wordsBefore = words
                return nil
            }
            #expect(wordsBefore > 0)
            #expect(wordsBefore < Self.words)

            try await socket.resumeReading()
            #expect(try await socket.closeCode() == 4408)
            var seen = ResumedStream()
            for envelope in socket.waiting where envelope.requestID == request && envelope["index"] != nil {
                try seen.take(envelope)
            }
            #expect(seen.end == nil)
            #expect(seen.nextChunk < Self.words)

            let stored = try await eventually("the stream has ended", within: .seconds(90)) {
                let stored = try await self.stored(message, of: client)
                return stored.state == "streaming" ? nil : stored
            }
            #expect(stored.state == "complete")
            #expect(stored.text.utf8.count == Self.wordBytes * Self.words)
            #expect(stored.text.hasPrefix(seen.text))
            let back = try await client.connect()
            var rest = ResumedStream(text: seen.text, nextChunk: seen.nextChunk)
            try await rest.follow(back, try await back.resume(message, from: rest.nextChunk))
            #expect(rest.text == stored.text)
        }
    }

    @Test("Streams nobody reads take a bounded memory, disturb nobody, and go on without a gap when they are read")
    func manyStalled() async throws {
        try await withCluster(shape(slowConsumerSeconds: 60)) { cluster in
            let bystander = try await TestClient(of: cluster)
            let other = try await bystander.connect()
            let session = try await bystander.makeSession()
            #expect(try await other.converse("warm", in: session).state == "complete")
            let memoryBefore = try await metric("process_resident_memory_bytes", of: cluster)

            let client = try await TestClient(of: cluster)
            var stalled: [(socket: WebSocketClient, request: String, message: String)] = []
            for _ in 0..<8 { stalled.append(try await self.stalled(client)) }
            let creeping = try await self.stalled(client)
            try await creeping.socket.readSlowly(bytesPerSecond: 10_000)
            // While the other converses, none of their words is sent; what the creeping one makes room for aside.
            let words = try await eventually("all backends wait", within: .seconds(40)) {
                let before = try await wordsSent(cluster)
                #expect(try await other.converse("/pace 20ms /words 50", in: session).state == "complete")
                let after = try await wordsSent(cluster)
                return (50...52).contains(after - before) ? after : nil
            }
            #expect(words < 9 * Self.words)
            let memory = try await metric("process_resident_memory_bytes", of: cluster)
            #expect(memory - memoryBefore < Double(9 * 3 << 20), "\(memoryBefore) → \(memory)")
            #expect(try await metric("chat_engine_slow_consumer_closes_total", of: cluster) == 0)

            for (socket, request, message) in stalled.prefix(2) {
                try await socket.resumeReading()
                var answer = ResumedStream()
                try await answer.follow(socket, request)
                #expect(answer.snapshots == 0)
                #expect(answer.state == "complete")
                #expect(answer.nextChunk == Self.words)
                #expect(try await self.stored(message, of: client).text == answer.text)
            }
        }
    }

    /// 130 kB/s against three seconds are less than what 10 kB/s are against a minute.
    @Test("A client that reads slowly but steadily gets everything and is not closed")
    func readsSlowly() async throws {
        try await withCluster(shape(slowConsumerSeconds: 3)) { cluster in
            let client = try await TestClient(of: cluster)
            let (socket, request, message) = try await stalled(client)
            try await socket.readSlowly(bytesPerSecond: 130_000)
            var answer = ResumedStream()
            try await answer.follow(socket, request)
            #expect(answer.state == "complete")
            #expect(answer.nextChunk == Self.words)
            #expect(try await self.stored(message, of: client).text == answer.text)
        }
    }

    @Test("A client that reads takes any number of long answers that have ended, asked for all at once")
    func manySnapshots() async throws {
        try await withCluster(shape(slowConsumerSeconds: 20)) { cluster in
            let client = try await TestClient(of: cluster)
            let socket = try await client.connect()
            var answers: [StreamRecord] = []
            for _ in 0..<10 {
                let session = try await client.makeSession()
                answers.append(try await socket.converse("/bytes \(Self.wordBytes) /words 125", in: session))
            }
            let device = try await client.connect(receiveBufferBytes: Self.receiveBufferBytes)
            try await device.readSlowly(bytesPerSecond: 1_500_000)
            let requests = try await device.sendTogether(
                "stream.resume",
                answers.map { ["message_id": .string($0.messageID)] }
            )
            for (request, answer) in zip(requests, answers) {
                var seen = ResumedStream()
                try await seen.follow(device, request)
                #expect(seen.state == "complete")
                #expect(seen.text == answer.text)
            }
            #expect(try await metric("chat_engine_slow_consumer_closes_total", of: cluster) == 0)
        }
    }

    /// More than a connection may be owed of anything else.
    private static let manyPushes = 20
    private static let pushedAnswer = "/bytes 15000 /words 60"

    @Test("A client that reads late gets every push event there was, in order")
    func pushesReadLate() async throws {
        try await withCluster(shape(slowConsumerSeconds: 60)) { cluster in
            let client = try await TestClient(of: cluster)
            let device = try await client.connect(receiveBufferBytes: Self.receiveBufferBytes)
            let socket = try await client.connect()
            try await device.pauseReading()
            let session = try await client.makeSession()
            for _ in 0..<Self.manyPushes {
                let answer = try await socket.converse(Self.pushedAnswer, in: session)
                try await socket.created(answer.messageID)
            }
            try await device.resumeReading()
            let pushes = try await device.pushes(2 * Self.manyPushes, timeout: .seconds(40))
            #expect(sequence(pushes) == (1...Int64(2 * Self.manyPushes)).map { $0 })
            // From here on they come by themselves again.
            let answer = try await socket.converse("short", in: session)
            try await device.created(answer.messageID)
            #expect(try await metric("chat_engine_slow_consumer_closes_total", of: cluster) == 0)
        }
    }

    @Test("A client that does not read its push events is closed with 4408")
    func pushesNotRead() async throws {
        try await withCluster(shape(slowConsumerSeconds: 2)) { cluster in
            let client = try await TestClient(of: cluster)
            let device = try await client.connect(receiveBufferBytes: Self.receiveBufferBytes)
            let socket = try await client.connect()
            try await device.pauseReading()
            let session = try await client.makeSession()
            for _ in 0..<4 { _ = try await socket.converse(Self.pushedAnswer, in: session) }
            try await eventually("it is closed as slow") {
                try await metric("chat_engine_slow_consumer_closes_total", of: cluster) == 1 ? true : nil
            }
            try await device.resumeReading()
            #expect(try await device.closeCode() == 4408)
            #expect(try await socket.converse("still there", in: session).state == "complete")
        }
    }

    /// A connection with a long answer under way, of which nothing is read.
    private func stalled(
        _ client: TestClient
    ) async throws -> (socket: WebSocketClient, request: String, message: String) {
        let socket = try await client.connect(receiveBufferBytes: Self.receiveBufferBytes)
        let session = try await client.makeSession()
        try await socket.pauseReading()
        let request = try await socket.say(Self.longAnswer, in: session)
        let message = try await eventually("the answer streams") {
            let messages = try await read("/api/v1/sessions/\(session)/messages", by: client)["messages"]?.arrayValue
            return messages?.last { $0["role"] == "assistant" }?["message_id"]?.stringValue
        }
        return (socket, request, message)
    }

    /// The text of a message and its state.
    private func stored(_ message: String, of client: TestClient) async throws -> (text: String, state: String?) {
        let message = try await read("/api/v1/messages/\(message)", by: client)
        return (message.messageText, message.messageState)
    }

    /// Not compressed: so much of the same is more than a reader unpacks.
    private func read(_ path: String, by client: TestClient) async throws -> JSONValue {
        let answer = try await client.api().send(
            "GET",
            path,
            bytes: nil,
            headers: [(name: "accept-encoding", value: "identity")]
        )
        guard answer.status == 200 else { throw TestSupportError("\(path) cannot be read: \(answer)") }
        return answer.body
    }

    private func wordsSent(_ cluster: TestCluster) async throws -> Int {
        Int(try await TestCluster.statistics(of: cluster.backend)["words_sent"]?.integerValue ?? 0)
    }

    private func metric(_ name: String, of cluster: TestCluster) async throws -> Double {
        try await cluster.gateways[0].metric(name)
    }
}
