import ChatCore
import Hummingbird
import Testing

@testable import ChatAPI

@Suite struct SessionEditRoutesTests {
    private let type = Sample.sessionType()
    private let session: Session
    private var api = APIFixture()

    init() throws {
        let (type, session) = (type, try Sample.session())
        api.database.change {
            $0.sessionTypes = [type]
            $0.sessions = [session]
        }
        self.session = session
    }

    private var stored: Session? { api.database.read { $0.sessions.first } }

    @Test(arguments: [
        "application/json", "application/merge-patch+json", "application/merge-patch+json; charset=utf-8",
    ])
    func metadataIsPatched(mediaType: String) async throws {
        let reply = try await api.send(
            .patch,
            "/sessions/\(session.id)",
            ["metadata": ["title": nil, "new": [1]]],
            headers: [.contentType: mediaType]
        )
        #expect(reply.status == 200)
        #expect(reply.json == stored?.json)
        #expect(stored?.metadata == ["tags": ["a", 1, nil, false], "new": [1]])
    }

    @Test(
        arguments: [
            ([:], "metadata: required"), (["metadata": nil], "metadata: required"),
            (["metadata": []], "metadata: wrong_type"), (["metadata": [:], "title": "x"], "title: unknown_field"),
        ] as [(JSONValue, String)]
    )
    func aPatchThatIsNoneIsRefused(body: JSONValue, field: String) async throws {
        let reply = try await api.send(.patch, "/sessions/\(session.id)", body)
        #expect(reply.status == 400)
        #expect(reply.invalidFields == [field])
        #expect(stored == session)
    }

    @Test func onlyMetadataComesAsAMergePatch() async throws {
        let headers: HTTPFields = [.contentType: "application/merge-patch+json"]
        for (method, path) in [(.patch, "/sessions/\(session.id)/type"), (.post, "/sessions")]
            as [(HTTPRequest.Method, String)]
        {
            #expect(try await api.send(method, path, [:], headers: headers).status == 415)
        }
        let text = try await api.send(
            .patch,
            "/sessions/\(session.id)",
            ["metadata": [:]],
            headers: [.contentType: "text/plain"]
        )
        #expect(text.code == "UNSUPPORTED_MEDIA_TYPE")
    }

    @Test func theTypeIsSwitchedWithWhatItsBackendCanDo() async throws {
        var api = api
        api.backend.capabilities = .success([Capability(["id": "draw", "beta": true])].compactMap { $0 })
        let reply = try await api.send(
            .patch,
            "/sessions/\(session.id)/type",
            ["new_session_type_id": .string(type.id.description)]
        )
        #expect(reply.status == 200)
        #expect(
            reply.json == [
                "session_id": .string(session.id.description),
                "session_type_id": .string(type.id.description),
                "available_capabilities": [["id": "draw", "beta": true]],
            ]
        )
        #expect(stored?.sessionTypeID == type.id)
        #expect(stored?.availableCapabilities.map(\.id) == ["draw"])
    }

    @Test(arguments: [(ChatError.Code.backendError, 502), (.backendTimeout, 504)])
    func nothingChangesWhenTheBackendFails(code: ChatError.Code, status: Int) async throws {
        var api = api
        api.backend.capabilities = .failure(ChatError(code, "The backend failed."))
        let reply = try await api.send(
            .patch,
            "/sessions/\(session.id)/type",
            ["new_session_type_id": .string(type.id.description)]
        )
        #expect(reply.status == status)
        #expect(reply.code == code.rawValue)
        #expect(stored == session)
    }

    @Test func theTraceGoesOnToTheOtherBackend() async throws {
        let session = try Sample.session()
        let other = Sample.sessionType()
        api.database.change { content in
            content.sessions = [session]
            content.sessionTypes = [other]
        }
        let reply = try await api.send(
            .patch,
            "/sessions/\(session.id)/type",
            ["new_session_type_id": .string(other.id.description)]
        )
        #expect(reply.status == 200)
        #expect(api.backend.traces.all.first??.hasPrefix("00-\(try #require(reply.requestID))-") == true)
    }

    @Test func aSwitchToNothingIsRefused() async throws {
        let path = "/sessions/\(session.id)/type"
        let unknown = try await api.send(
            .patch,
            path,
            ["new_session_type_id": .string(SessionTypeID.make().description)]
        )
        #expect(unknown.status == 404)
        #expect(unknown.code == "NOT_FOUND")
        #expect(unknown.invalidFields == ["new_session_type_id: invalid_value"])
        let malformed = try await api.send(.patch, path, ["new_session_type_id": "x", "more": 1])
        #expect(malformed.invalidFields == ["new_session_type_id: malformed", "more: unknown_field"])
        #expect(try await api.send(.patch, path, [:]).invalidFields == ["new_session_type_id: required"])
        #expect(stored == session)
    }

    @Test func aSessionIsDeletedAfterItsStreamsWereStopped() async throws {
        let message = Sample.message(in: session, role: .assistant, state: .streaming)
        api.database.change {
            $0.messages = [message]
            $0.streaming = [message.id]
        }
        let refused = try await api.send(.delete, "/sessions/\(session.id)", ["force": true])
        #expect(refused.invalidFields == ["force: unknown_field"])
        let reply = try await api.send(.delete, "/sessions/\(session.id)")
        #expect(reply.status == 200)
        #expect(reply.json == ["deleted": true])
        #expect(api.database.read { $0.streaming.isEmpty && $0.sessions.isEmpty })
        #expect(try await api.send(.delete, "/sessions/\(session.id)").code == "SESSION_NOT_FOUND")
    }

    @Test func foreignAndUnknownSessionsAnswerAlike() async throws {
        let body: JSONValue = ["metadata": ["a": 1]]
        let switching: JSONValue = ["new_session_type_id": .string(type.id.description)]
        for id in [session.id.description, SessionID.make().description, "x"] {
            for reply in [
                try await api.send(.patch, "/sessions/\(id)", as: "mallory", body),
                try await api.send(.delete, "/sessions/\(id)", as: "mallory"),
                try await api.send(.patch, "/sessions/\(id)/type", as: "mallory", switching),
            ] {
                #expect(reply.status == 404)
                #expect(reply.code == "SESSION_NOT_FOUND")
            }
        }
        #expect(stored == session)
    }
}
