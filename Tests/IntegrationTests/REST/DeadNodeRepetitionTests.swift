import ChatCore
import NIOCore
import NIOHTTP1
import Synchronization
import TestSupport
import Testing

/// A request that is sent again after its node was killed between its commit and its answer.
@Suite(.timeLimit(.minutes(5)))
struct DeadNodeRepetitionTests {
    private func post(
        _ path: String,
        _ body: JSONValue,
        through api: APIClient
    ) async throws -> APIClient.Answer {
        let headers = APIClient.jsonHeaders + [(name: "idempotency-key", value: "k")]
        return try await api.send("POST", "/api/v1" + path, bytes: body.bytes, headers: headers)
    }

    @Test("kill -9 while several backends answer: the repetition has their answers, and nothing is sent twice")
    func sendMulti() async throws {
        let calls = Mutex(0)
        let script: StubBackend.Script = { exchange in
            // It is told of the interruption, too; that asks for nothing.
            if exchange.body.contains(#""event":"message.new""#) { calls.withLock { $0 += 1 } }
            try await exchange.begin()
            try await exchange.connectionClosed.get()
        }
        try await StubBackend.with(script) { slow in
            try await withCluster(TestCluster.Shape(gateways: 0)) { cluster in
                let client = try await TestClient(of: cluster)
                let session = try await client.makeSession()
                let types = [
                    cluster.sessionTypeID, try await cluster.addSessionType(["webhook_url": .string(slow.url)]),
                ]
                let path = "/sessions/\(session)/messages/multi"
                let body: JSONValue = [
                    "content": "one two three", "session_type_ids": .array(types.map { .string($0) }),
                ]
                let doomed = Task { [api = client.api(0)] in try await post(path, body, through: api) }
                let written = try await eventually("one has answered and the other not yet") { () -> [JSONValue]? in
                    guard calls.withLock({ $0 }) == 1 else { return nil }
                    let all = try await client.api(1).get("/api/v1/sessions/\(session)/messages?path=all")
                    let messages = all["messages"]?.arrayValue ?? []
                    return messages.dropFirst().map(\.messageState) == ["complete", "streaming"] ? messages : nil
                }
                await cluster.apis[0].kill()
                await #expect(throws: (any Error).self) { try await doomed.value }

                let answer = try await post(path, body, through: client.api(1))
                #expect(answer.status == 200)
                #expect(answer["user_message"]?.sorted == written[0].sorted)
                let responses = answer["responses"]?.arrayValue ?? []
                #expect(responses.map { $0["session_type_id"]?.stringValue } == types)
                #expect(responses.map { $0["message"]?.messageState } == ["complete", "interrupted"])
                #expect(responses.first?["message"]?.sorted == written[1].sorted)
                #expect(responses.map { $0["error"]?["error_code"] } == [nil, "SERVICE_UNAVAILABLE"])
                let all = try await client.api(1).get("/api/v1/sessions/\(session)/messages?path=all")
                #expect(all["messages"]?.arrayValue?.count == 3)
                #expect(calls.withLock { $0 } == 1)
                let replayed = try await post(path, body, through: client.api(1))
                #expect(replayed.headers["idempotent-replayed"] == "true")
                #expect(replayed.bytes == answer.bytes)
            }
        }
    }

    @Test("kill -9 after a session was committed: the repetition answers with it")
    func createSession() async throws {
        let calls = Mutex(0)
        let script: StubBackend.Script = { exchange in
            calls.withLock { $0 += 1 }
            try await exchange.respond(.ok, StubBackend.Exchange.json, #"{"available_capabilities": []}"#)
        }
        try await StubBackend.with(script) { backend in
            try await withCluster(TestCluster.Shape(gateways: 0)) { cluster in
                let client = try await TestClient(of: cluster)
                let type = try await cluster.addSessionType(["webhook_url": .string(backend.url)])
                let body: JSONValue = ["session_type_id": .string(type)]
                try await killBeforeAnswer(to: "/sessions", body, cluster, client)

                let answer = try await post("/sessions", body, through: client.api(1))
                #expect(answer.status == 201)
                #expect(answer.headers["idempotent-replayed"] == nil)
                let sessions = try await client.api(1).get("/api/v1/sessions")["sessions"]?.arrayValue ?? []
                #expect(sessions.map { $0["session_id"] } == [answer["session_id"]])
                #expect(calls.withLock { $0 } == 1)
                #expect(try await post("/sessions", body, through: client.api(1)).bytes == answer.bytes)
            }
        }
    }

    @Test("kill -9 after a share was committed: the repetition's token is that of the one share there is")
    func share() async throws {
        try await withCluster(TestCluster.Shape(gateways: 0)) { cluster in
            let client = try await TestClient(of: cluster)
            let path = "/sessions/\(try await client.makeSession())/share"
            try await killBeforeAnswer(to: path, [:], cluster, client)
            let answer = try await post(path, [:], through: client.api(1))
            #expect(answer.status == 201)
            let listed = try await client.api(1).get("/api/v1\(path)s")["shares"]?.arrayValue ?? []
            #expect(listed.count == 1)
            let token = try #require(answer["share_token"]?.stringValue)
            #expect(try await client.api(1).get("/api/v1/share/\(token)")["read_only"] == true)
            #expect(try await post(path, [:], through: client.api(1)).bytes == answer.bytes)
        }
    }

    /// Kills the first node when it has carried out a request and is about to keep its answer.
    private func killBeforeAnswer(
        to path: String,
        _ body: JSONValue,
        _ cluster: TestCluster,
        _ client: TestClient
    ) async throws {
        // Whoever has an answer to keep is held up there, until this test ends that.
        try await cluster.database.query(
            """
            CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(600); RETURN NEW; END $$;
            CREATE TRIGGER hold_up BEFORE UPDATE ON kept_answers FOR EACH ROW
                WHEN (NEW.answer IS NOT NULL) EXECUTE FUNCTION hold_up();
            """
        )
        let doomed = Task { [api = client.api(0)] in try await post(path, body, through: api) }
        let heldUp = "datname = current_database() AND wait_event = 'PgSleep'"
        try await eventually("the answer is about to be kept") {
            let count = "SELECT count(*) FROM pg_stat_activity WHERE \(heldUp)"
            return try await cluster.database.query(count) == "1" ? true : nil
        }
        await cluster.apis[0].kill()
        await #expect(throws: (any Error).self) { try await doomed.value }
        try await cluster.database.query(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE \(heldUp)"
        )
        try await cluster.database.query("DROP TRIGGER hold_up ON kept_answers")
    }
}
