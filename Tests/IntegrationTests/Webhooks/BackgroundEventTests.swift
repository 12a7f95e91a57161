import ChatCore
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

/// Background events on real nodes, from what causes them to the backend.
@Suite(.timeLimit(.minutes(5)))
struct BackgroundEventTests {
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    /// Takes part in the making of sessions and begins answers that do not end; `background` handles the rest.
    private static func answering(
        _ background: @escaping @Sendable (StubBackend.Exchange) async throws -> Void
    ) -> StubBackend.Script {
        { exchange in
            switch try JSONParser.parse(exchange.body)["event"] {
            case "session.created"?:
                try await exchange.respond(.ok, StubBackend.Exchange.json, #"{"available_capabilities":[]}"#)
            case "message.new"?:
                try await exchange.begin()
                try await exchange.write("event: chunk\ndata: {\"type\":\"text\",\"content\":\"One, tw\"}\n\n")
                try await exchange.connectionClosed.get()
            default:
                try await background(exchange)
            }
        }
    }

    private func addType(_ stub: StubBackend, to cluster: TestCluster) async throws -> String {
        try await cluster.addSessionType([
            "webhook_url": .string(stub.url), "webhook_secret": .string(Self.secret), "timeout_seconds": 60,
        ])
    }

    /// What the bus counted of deliveries with this outcome.
    private func deliveries(_ event: String, _ outcome: String, at cluster: TestCluster) async throws -> Int {
        let metrics = String(decoding: try await cluster.buses[0].ask("/metrics").bytes, as: UTF8.self)
        let series = "chat_engine_webhook_deliveries_total{event=\"\(event)\",outcome=\"\(outcome)\"} "
        let line = metrics.split(separator: "\n").first { $0.hasPrefix(series) }
        return line.flatMap { Int($0.dropFirst(series.count)) } ?? 0
    }

    @Test("A stop, a reaction and a deletion reach the backend, signed, on behalf of the client that is not held up")
    func causes() async throws {
        let calls = ReceivedCalls()
        try await withSharedCluster { cluster in
            try await StubBackend.with(
                Self.answering { exchange in
                    try calls.add(exchange)
                    try await exchange.respond(.noContent, ["content-length": "0"])
                }
            ) { stub in
                let client = try await TestClient(of: cluster)
                let session = try await client.makeSession(type: try await addType(stub, to: cluster))
                let socket = try await client.connect()
                let request = try await socket.say("Count", in: session)
                let message = try await socket.begun(request).string("message_id")
                _ = try await socket.chunks(1, of: request)
                let trace = "0af7651916cd43dd8448eb211c80319c"
                let parent = "00-\(trace)-b7ad6b7169203331-01"

                #expect(try await client.api().post("/api/v1/messages/\(message)/stop")["stopped"] == true)
                let aborted = try #require(try await calls.next().first)
                let reaction = try await client.api().send(
                    "POST",
                    "/api/v1/messages/\(message)/reaction",
                    bytes: Array(#"{"reaction_type": "like"}"#.utf8),
                    headers: [("content-type", "application/json"), ("traceparent", parent)]
                )
                #expect(reaction.status == 200)
                let reacted = try #require(try await calls.next().first)
                #expect(try await client.api().send("DELETE", "/api/v1/sessions/\(session)").status == 200)
                let deleted = try #require(try await calls.next().first)

                #expect(aborted.event == "message.aborted")
                #expect(aborted.body["message_id"]?.stringValue == message)
                #expect(aborted.body["partial_content"] == [["type": "text", "text": "One, tw"]])
                #expect(reacted.event == "message.reaction")
                #expect(reacted.body["user_id"]?.stringValue == client.id)
                #expect(reacted.body["reaction_type"] == "like")
                #expect(reacted.body["previous_reaction_type"] == "none")
                #expect(reacted.exchange.head.headers["traceparent"].first?.contains(trace) == true)
                #expect(deleted.event == "session.deleted")
                for call in [aborted, reacted, deleted] {
                    #expect(call.body["session_id"]?.stringValue == session)
                    let verdict = try await StandardWebhooksLibrary.verify(
                        headers: call.exchange.head.headers,
                        body: call.exchange.body,
                        with: Self.secret
                    )
                    #expect(verdict.status.isSuccess, "\(verdict)")
                }
            }
        }
    }

    @Test("An event that no attempt delivers is dead: operators list it and have it delivered once more")
    func deadLetter() async throws {
        let calls = ReceivedCalls()
        let isWell = Watched(false)
        try await withSharedCluster { cluster in
            try await StubBackend.with(
                Self.answering { exchange in
                    try calls.add(exchange)
                    let status = isWell.current ? 204 : 503
                    try await exchange.respond(.init(statusCode: status), ["content-length": "0"])
                }
            ) { stub in
                let client = try await TestClient(of: cluster)
                let type = try await addType(stub, to: cluster)
                let session = try await client.makeSession(type: type)
                let before = try await deliveries("session.deleted", "dead", at: cluster)
                #expect(try await client.api().send("DELETE", "/api/v1/sessions/\(session)").status == 200)
                let id = try #require(try await calls.next(3).first?.id)

                let list = ["webhook", "list", "--session-type", type]
                let dead = try await eventually("the event is dead", within: .seconds(30)) {
                    let result = try await cluster.administer(list + ["--state", "dead", "--json"])
                    return result.standardOutput.isEmpty ? nil : try JSONParser.parse(result.standardOutput)
                }
                #expect(dead["webhook_id"]?.stringValue == id)
                #expect(dead["event"] == "session.deleted")
                #expect(dead["state"] == "dead")
                #expect(dead["attempts"] == 3)
                #expect(dead["session_id"]?.stringValue == session)
                #expect(dead["last_error"] == "The backend answered 503")
                let table = try await cluster.administer(list)
                let lines = table.standardOutput.split(separator: "\n")
                #expect(lines.count == 2 && lines[0].hasPrefix("WEBHOOK-ID"), "\(table)")
                #expect(lines[1].hasPrefix(id) && lines[1].hasSuffix("The backend answered 503"), "\(table)")
                #expect(try await deliveries("session.deleted", "dead", at: cluster) > before)

                isWell.update { $0 = true }
                let redelivery = try await cluster.administer(["webhook", "redeliver", "--id", id])
                #expect(redelivery.status.isSuccess && redelivery.standardOutput == "\(id)\n", "\(redelivery)")
                #expect(try await calls.next().first?.id == id)
                try await eventually("the event is delivered") {
                    let result = try await cluster.administer(list + ["--state", "delivered", "--json"])
                    return result.standardOutput.contains(id) ? true : nil
                }
                let again = try await cluster.administer(["webhook", "redeliver", "--id", id])
                #expect(again.status.code == 1 && again.standardError.contains(id), "\(again)")
                let nothing = try await cluster.administer(["webhook", "redeliver", "--all", "--session-type", type])
                #expect(nothing.status.isSuccess && nothing.standardOutput.isEmpty, "\(nothing)")
                #expect(try await cluster.administer(["webhook", "redeliver"]).status.isSuccess == false)
            }
        }
    }

    @Test("kill -9 of the bus in the middle of a delivery: the event is delivered after its restart")
    func killedBus() async throws {
        let calls = ReceivedCalls()
        let isBack = Watched(false)
        try await withCluster(TestCluster.Shape(apis: 1, gateways: 0)) { cluster in
            try await StubBackend.with(
                Self.answering { exchange in
                    try calls.add(exchange)
                    guard isBack.current else { return try await exchange.connectionClosed.get() }
                    try await exchange.respond(.noContent, ["content-length": "0"])
                }
            ) { stub in
                let client = try await TestClient(of: cluster)
                let session = try await client.makeSession(type: try await addType(stub, to: cluster))
                #expect(try await client.api().send("DELETE", "/api/v1/sessions/\(session)").status == 200)
                let first = try #require(try await calls.next().first)
                await cluster.buses[0].kill()
                isBack.update { $0 = true }
                try await cluster.buses[0].start()
                let second = try #require(try await calls.next().first)
                #expect(second.id == first.id)
                #expect(second.exchange.body == first.exchange.body)
                try await eventually("the delivery is noted") {
                    try await cluster.database.query("SELECT state FROM webhook_deliveries") == "delivered" ? true : nil
                }
            }
        }
    }
}
