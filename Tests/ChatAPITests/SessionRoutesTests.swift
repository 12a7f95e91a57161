import ChatCore
import Hummingbird
import Testing

@testable import ChatAPI

@Suite struct SessionRoutesTests {
    private let type = Sample.sessionType()
    private var api = APIFixture()

    init() {
        let type = type
        api.database.change { $0.sessionTypes = [type] }
    }

    private func body(_ more: JSONObject = [:]) -> JSONValue {
        var body: JSONObject = ["session_type_id": .string(type.id.description)]
        for (name, value) in more { body[name] = value }
        return .object(body)
    }

    @Test func aSessionIsCreatedWithWhatItsBackendCanDo() async throws {
        var api = api
        api.backend.capabilities = .success([Capability(["id": "search", "beta": true])].compactMap { $0 })
        let reply = try await api.send(.post, "/sessions", body(["client_id": "alice", "metadata": ["a": 1]]))
        #expect(reply.status == 201)
        let stored = try #require(api.database.read { $0.sessions.first })
        #expect(stored.clientID.rawValue == "alice")
        #expect(stored.metadata == ["a": 1])
        #expect(reply["location"] == "/api/v1/sessions/\(stored.id)")
        // The trace of the request, which its id names, goes on to the backend.
        #expect(api.backend.traces.all.first??.hasPrefix("00-\(try #require(reply.requestID))-") == true)
        #expect(
            reply.json == [
                "session_id": .string(stored.id.description),
                "available_capabilities": [["id": "search", "beta": true]],
            ]
        )
    }

    @Test(arguments: [ChatError.Code.backendError, .backendTimeout])
    func nothingIsStoredWhenTheBackendFails(code: ChatError.Code) async throws {
        var api = api
        api.backend.capabilities = .failure(ChatError(code, "The backend failed."))
        let reply = try await api.send(.post, "/sessions", body())
        #expect(reply.status == (code == .backendError ? 502 : 504))
        #expect(reply.code == code.rawValue)
        #expect(api.database.read { $0.sessions.isEmpty })
    }

    @Test func aSessionIsForTheCallerAlone() async throws {
        let reply = try await api.send(.post, "/sessions", body(["client_id": "bob"]))
        #expect(reply.status == 403)
        #expect(reply.code == "FORBIDDEN")
    }

    @Test func anUnknownTypeIsNotFound() async throws {
        let reply = try await api.send(
            .post,
            "/sessions",
            ["session_type_id": .string(SessionTypeID.make().description)]
        )
        #expect(reply.status == 404)
        #expect(reply.code == "NOT_FOUND")
    }

    @Test func everyFieldAtFaultIsNamed() async throws {
        let reply = try await api.send(.post, "/sessions", ["metadata": 1, "session_type_id": "x", "colour": "red"])
        #expect(reply.status == 400)
        #expect(
            reply.invalidFields == ["session_type_id: malformed", "metadata: wrong_type", "colour: unknown_field"]
        )
    }

    @Test func aSessionIsReadByItsOwner() async throws {
        let session = try Sample.session()
        api.database.change { $0.sessions = [session] }
        let reply = try await api.send(.get, "/sessions/\(session.id)")
        #expect(reply.status == 200)
        #expect(reply.json == session.json)
        #expect(reply["content-type"] == "application/json; charset=utf-8")
    }

    @Test func foreignUnknownAndMalformedIDsAnswerAlike() async throws {
        let session = try Sample.session(of: "bob")
        api.database.change { $0.sessions = [session] }
        for id in [session.id.description, SessionID.make().description, "no-uuid"] {
            let reply = try await api.send(.get, "/sessions/\(id)")
            #expect(reply.status == 404)
            #expect(
                reply.json == [
                    "error_code": "SESSION_NOT_FOUND",
                    "message": "There is no such session.",
                    "details": ["trace_id": .string(reply.requestID ?? ""), "resource_id": .string(id)],
                ]
            )
        }
    }

    @Test func sessionsAreListedByPages() async throws {
        let sessions = [try Sample.session(), try Sample.session(), try Sample.session(of: "bob")]
        let cursor = PageCursor(list: "sessions", keys: ["17", "a"])
        api.database.change {
            $0.sessions = sessions
            $0.nextCursor = cursor
        }
        let first = try await api.send(.get, "/sessions")
        #expect(first.json["sessions"] == .array(sessions.prefix(2).map(\.json)))
        #expect(api.database.read { $0.sessionPage?.limit } == 20)
        let token = try #require(first.json["next_cursor"]?.stringValue)

        api.database.change { $0.nextCursor = nil }
        let second = try await api.send(.get, "/sessions?cursor=\(token)&limit=1")
        #expect(second.json["next_cursor"] == .null)
        #expect(api.database.read { $0.sessionPage?.limit } == 1)
        #expect(api.database.read { $0.sessionPage?.cursor } == cursor)
    }

    @Test(arguments: [
        ("limit=0", "limit: out_of_range"), ("limit=101", "limit: out_of_range"), ("limit=ten", "limit: wrong_type"),
        ("limit=", "limit: wrong_type"), ("limit=99999999999999999999", "limit: out_of_range"),
        ("limit=1&limit=1", "limit: invalid_value"), ("cursor=", "cursor: malformed"),
        ("cursor=xyz", "cursor: malformed"),
        ("offset=1", "offset: unknown_field"), ("limit=%zz", "limit: malformed"),
    ])
    func aBadQueryIsRefused(query: String, field: String) async throws {
        let reply = try await api.send(.get, "/sessions?\(query)")
        #expect(reply.status == 400)
        #expect(reply.code == "INVALID_REQUEST")
        #expect(reply.invalidFields == [field])
    }

    @Test func aQueryWhereThereIsNoneIsRefused() async throws {
        let session = try Sample.session()
        api.database.change { $0.sessions = [session] }
        let reply = try await api.send(.get, "/sessions/\(session.id)?verbose=1")
        #expect(reply.status == 400)
        #expect(reply.invalidFields == ["verbose: unknown_field"])
    }
}
