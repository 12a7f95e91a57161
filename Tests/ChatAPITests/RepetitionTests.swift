import ChatCore
import Hummingbird
import Testing

@testable import ChatAPI

/// `Idempotency-Key`, as clients see it.
@Suite struct RepetitionTests {
    private let api = APIFixture()
    private let type = Sample.sessionType()

    init() {
        api.database.change { [type] in $0.sessionTypes = [type] }
    }

    private var body: JSONValue { ["session_type_id": .string(type.id.description), "metadata": ["title": "a"]] }

    private func post(
        _ path: String = "/sessions",
        as client: String = "alice",
        key: String,
        _ body: JSONValue?
    ) async throws -> Reply {
        try await api.send(.post, path, as: client, body, headers: [.idempotencyKey: key])
    }

    private var sessionCount: Int { api.database.read { $0.sessions.count } }

    @Test func theFirstAnswerIsGivenAgain() async throws {
        let first = try await post(key: "k-1", body)
        #expect(first.status == 201)
        #expect(first["idempotent-replayed"] == nil)
        for _ in 0..<3 {
            let again = try await post(key: "k-1", body)
            #expect(again.status == 201)
            #expect(again.body == first.body)
            for header in ["location", "content-type", "cache-control", "x-request-id"] {
                #expect(again[header] == first[header])
            }
            #expect(again["idempotent-replayed"] == "true")
        }
        #expect(sessionCount == 1)
    }

    @Test func anotherKeyOrNoneIsAnotherRequest() async throws {
        _ = try await post(key: "k-1", body)
        _ = try await post(key: "k-2", body)
        _ = try await api.send(.post, "/sessions", body)
        #expect(sessionCount == 3)
    }

    @Test func keysAreTheClients() async throws {
        let alice = try await post(key: "k-1", body)
        let bob = try await post(as: "bob", key: "k-1", body)
        #expect(bob.status == 201)
        #expect(bob.json["session_id"] != alice.json["session_id"])
    }

    @Test func aKeyIsForOneBodyAndOnePath() async throws {
        let session = try #require(try await post(key: "k-1", body).json["session_id"]?.stringValue)
        let attempts: [(path: String, body: JSONValue?)] = [
            ("/sessions", ["session_type_id": .string(type.id.description)]), ("/sessions", nil),
            ("/sessions/\(session)/share", body), ("/sessions/\(session)/share", nil),
        ]
        for attempt in attempts {
            let reply = try await post(attempt.path, key: "k-1", attempt.body)
            #expect(reply.status == 409)
            #expect(reply.code == "CONFLICT")
            #expect(reply["retry-after"] == nil)
        }
        #expect(sessionCount == 1)
        #expect(api.shares.count == 0)
    }

    @Test(arguments: ["", "a b", "ä", "a\tb", String(repeating: "k", count: 256)])
    func aBadKeyIsRefused(key: String) async throws {
        let reply = try await post(key: key, body)
        #expect(reply.status == 400)
        #expect(reply.invalidFields == ["Idempotency-Key: malformed"])
        #expect(sessionCount == 0)
        #expect(api.keptAnswers.count == 0)
    }

    @Test func twoKeysAreNone() async throws {
        var headers: HTTPFields = [.idempotencyKey: "a"]
        headers.append(HTTPHeader(name: .idempotencyKey, value: "b"))
        let reply = try await api.send(.post, "/sessions", body, headers: headers)
        #expect(reply.invalidFields == ["Idempotency-Key: malformed"])
        #expect(sessionCount == 0)
    }

    @Test(arguments: ["k", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "!~", String(repeating: "k", count: 255)])
    func anyVisibleTextIsAKey(key: String) async throws {
        let first = try await post(key: key, body)
        #expect(first.status == 201)
        #expect(try await post(key: key, body).body == first.body)
        #expect(sessionCount == 1)
    }

    @Test func arefusalIsGivenAgain() async throws {
        api.database.change { $0.sessionTypes = [] }
        let first = try await post(key: "k-1", body)
        #expect(first.status == 404)
        api.database.change { [type] in $0.sessionTypes = [type] }
        let again = try await post(key: "k-1", body)
        #expect(again.status == 404)
        #expect(again.body == first.body)
        // `x-request-id` and `details.trace_id` are one and the same.
        #expect(again.json["details"]?["trace_id"]?.stringValue == again.requestID)
        #expect(again.requestID == first.requestID)
    }

    @Test func aFaultIsNotKept() async throws {
        var api = api
        api.backend.capabilities = .failure(ChatError(.backendError, "The backend failed."))
        let headers: HTTPFields = [.idempotencyKey: "k-1"]
        #expect(try await api.send(.post, "/sessions", body, headers: headers).status == 502)
        #expect(api.keptAnswers.answers.isEmpty)
        api.backend.capabilities = .success([])
        let reply = try await api.send(.post, "/sessions", body, headers: headers)
        #expect(reply.status == 201)
        #expect(reply["idempotent-replayed"] == nil)
    }

    @Test func tooMuchInTooShortATimeIsNotKept() async throws {
        var api = api
        api.backend.capabilities = .failure(ChatError(.rateLimitExceeded, "Too much.", retryAfterSeconds: 3))
        _ = try await api.send(.post, "/sessions", body, headers: [.idempotencyKey: "k-1"])
        #expect(api.keptAnswers.answers.isEmpty)
    }

    @Test func aConflictIsNotKept() async throws {
        let session = try #require(try await post(key: "k-1", body).json["session_id"]?.stringValue)
        let path = "/sessions/\(session)/share"
        var tokens: [String] = []
        for _ in 0..<Share.maximumPerSession {
            tokens.append(try #require(try await api.send(.post, path).json["share_token"]?.stringValue))
        }
        let refused = try await post(path, key: "k-2", nil)
        #expect(refused.status == 409)
        #expect(try await api.send(.delete, "/sessions/\(session)/shares/\(tokens[0])").status == 200)
        let reply = try await post(path, key: "k-2", nil)
        #expect(reply.status == 201)
        #expect(reply["idempotent-replayed"] == nil)
    }

    /// As after a node that has died between its commit and its answer.
    @Test func aSessionThatIsStoredIsTheAnswer() async throws {
        let first = try await post(key: "k-1", body)
        api.keptAnswers.forgetAnswers()
        let again = try await post(key: "k-1", body)
        #expect(again.status == 201)
        #expect(again["idempotent-replayed"] == nil)
        #expect(again.json == first.json)
        #expect(sessionCount == 1)
        // What cannot be known to be the same is not taken for it.
        let others = [try await post(key: "k-2", body), try await post(as: "bob", key: "k-1", body)]
        #expect(Set(others.map(\.json) + [first.json]).count == 3)
    }

    @Test func aSessionTypeThatIsStoredIsTheAnswer() async throws {
        func create(key: String, _ body: JSONValue) async throws -> Reply {
            try await post("/session-types", as: "admin", key: key, body)
        }
        let body: JSONValue = ["name": "a", "webhook_url": "http://backend.example/"]
        let first = try await create(key: "k-1", body)
        #expect(first.status == 201)
        api.keptAnswers.forgetAnswers()
        let again = try await create(key: "k-1", body)
        #expect(again.status == 201)
        #expect(again.json == first.json)
        #expect(api.database.read { $0.sessionTypes.count } == 2)
        // An id that the administrator gives is taken when it is taken.
        let taken = first.json["session_type_id"] ?? .null
        let named: JSONValue = ["name": "a", "webhook_url": "http://backend.example/", "session_type_id": taken]
        #expect(try await create(key: "k-2", named).status == 409)
    }

    @Test func onlyPostsAreKept() async throws {
        let session = try #require(try await post(key: "k-1", body).json["session_id"]?.stringValue)
        let token = try #require(
            try await post("/sessions/\(session)/share", key: "k-2", nil).json["share_token"]?.stringValue
        )
        let headers: HTTPFields = [.idempotencyKey: "k 3"]
        #expect(try await api.send(.get, "/sessions/\(session)", headers: headers).status == 200)
        let path = "/sessions/\(session)/shares/\(token)"
        #expect(try await api.send(.delete, path, headers: headers).status == 200)
        #expect(try await api.send(.delete, path, headers: headers).status == 404)
        #expect(api.keptAnswers.count == 2)
    }

    @Test func strangersKeepNothing() async throws {
        for token in [nil, "expired"] {
            let reply = try await api.send(.post, "/sessions", as: token, body, headers: [.idempotencyKey: "k-1"])
            #expect(reply.status == 401)
        }
        let forbidden = try await api.send(.post, "/session-types", body, headers: [.idempotencyKey: "k-1"])
        #expect(forbidden.status == 403)
        #expect(api.keptAnswers.count == 0)
    }

    @Test func aBodyThatIsTooLargeIsNotRead() async throws {
        let bytes = [UInt8](repeating: 0x20, count: 5000)
        let reply = try await api.send(.post, "/sessions", bytes: bytes, headers: [.idempotencyKey: "k-1"])
        #expect(reply.status == 413)
        #expect(api.keptAnswers.count == 0)
    }

    @Test func nothingIsDoneWithoutTheStore() async throws {
        api.keptAnswers.fail(with: ChatError(.serviceUnavailable, "The service is not available for the moment."))
        let reply = try await post(key: "k-1", body)
        #expect(reply.status == 503)
        #expect(reply["retry-after"] != nil)
        #expect(sessionCount == 0)
    }

    /// A share's token is an answer's, and no token is kept but as a hash.
    @Test func whoReadsTheStoreLearnsNothing() async throws {
        let session = try #require(try await post(key: "k-1", body).json["session_id"]?.stringValue)
        let share = try await post("/sessions/\(session)/share", key: "k-2", nil)
        let token = try #require(share.json["share_token"]?.stringValue)
        #expect(try await post("/sessions/\(session)/share", key: "k-2", nil).json == share.json)
        #expect(api.shares.count == 1)
        #expect(api.keptAnswers.answers.count == 2)
        for answer in api.keptAnswers.answers {
            #expect(!String(decoding: answer, as: UTF8.self).contains(token))
            #expect(!String(decoding: answer, as: UTF8.self).contains(session))
        }
        #expect(!api.log.records.contains { $0.contains("k-2") || $0.contains(token) })
    }
}
