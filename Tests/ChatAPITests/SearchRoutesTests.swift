import ChatCore
import Hummingbird
import Testing

@Suite struct SearchRoutesTests {
    private let api = APIFixture()

    private func found(_ message: Message) -> JSONValue {
        [
            "message_id": .string(message.id.description),
            "session_id": .string(message.sessionID.description),
            "role": "user",
            "content": "a «match»",
            "context": "user: before",
            "score": .number(JSONNumber(0.25)),
            "created_at": .string(message.createdAt.description),
        ]
    }

    @Test func messagesOfASession() async throws {
        let session = try Sample.session()
        let message = Sample.message(in: session)
        api.database.change {
            $0.sessions = [session]
            $0.messages = [message]
        }
        let reply = try await api.send(.get, "/sessions/\(session.id)/search?query=a%20match")
        #expect(reply.status == 200)
        #expect(
            reply.json == [
                "results": [found(message)], "total": 1, "limit": 20, "offset": 0, "next_cursor": .null,
            ]
        )
        #expect(reply["etag"] != nil)
    }

    @Test func sessionsOfAClient() async throws {
        let session = try Sample.session()
        let message = Sample.message(in: session)
        let cursor = PageCursor(list: "search", keys: ["1"])
        api.database.change {
            $0.sessions = [session, try? Sample.session(of: "bob")].compactMap { $0 }
            $0.messages = [message]
            $0.nextCursor = cursor
        }
        let reply = try await api.send(.get, "/search?query=x&limit=3&offset=40")
        #expect(reply.status == 200)
        #expect(
            reply.json["results"] == [
                [
                    "session_id": .string(session.id.description),
                    "metadata": .object(session.metadata),
                    "matched_messages": [found(message)],
                    "score": .number(JSONNumber(0.5)),
                ]
            ]
        )
        #expect(reply.json["limit"] == 3)
        #expect(reply.json["offset"] == 40)
        let token = try #require(reply.json["next_cursor"]?.stringValue)
        #expect(try await api.send(.get, "/search?query=x&cursor=\(token)").status == 200)
    }

    @Test func foreignUnknownAndMalformedIDsAnswerAlike() async throws {
        let session = try Sample.session(of: "bob")
        api.database.change { $0.sessions = [session] }
        for id in [session.id.description, SessionID.make().description, "no-uuid"] {
            let reply = try await api.send(.get, "/sessions/\(id)/search?query=x")
            #expect(reply.status == 404)
            #expect(reply.code == "SESSION_NOT_FOUND")
        }
    }

    @Test(arguments: [
        ("", "query: required"), ("query=", "query: invalid_value"), ("query=%20", "query: invalid_value"),
        ("query=%00", "query: invalid_value"), ("query=%ED%A0%80", "query: malformed"),
        ("query=%zz", "query: malformed"), ("query=x&query=y", "query: invalid_value"),
        ("query=x&limit=0", "limit: out_of_range"), ("query=x&limit=101", "limit: out_of_range"),
        ("query=x&limit=9223372036854775808", "limit: out_of_range"), ("query=x&limit=ten", "limit: wrong_type"),
        ("query=x&offset=-1", "offset: out_of_range"), ("query=x&offset=1000001", "offset: out_of_range"),
        ("query=x&offset=1.5", "offset: wrong_type"), ("query=x&cursor=xyz", "cursor: malformed"),
        ("query=x&scope=all", "scope: unknown_field"),
    ])
    func aBadSearchIsRefused(parameters: String, field: String) async throws {
        let session = try Sample.session()
        api.database.change { $0.sessions = [session] }
        for path in ["/search", "/sessions/\(session.id)/search"] {
            let reply = try await api.send(.get, "\(path)?\(parameters)")
            #expect(reply.status == 400)
            #expect(reply.code == "INVALID_REQUEST")
            #expect(reply.invalidFields == [field])
        }
    }

    @Test func everyParameterAtFaultIsNamed() async throws {
        let query = String(repeating: "x", count: 501)
        let reply = try await api.send(.get, "/search?query=\(query)&limit=0&offset=x&colour=red")
        #expect(
            reply.invalidFields == [
                "query: too_long", "limit: out_of_range", "offset: wrong_type", "colour: unknown_field",
            ]
        )
    }

    @Test func aCursorAndAnOffsetExcludeEachOther() async throws {
        api.database.change { $0.sessions = [] }
        api.database.change { $0.nextCursor = PageCursor(list: "search", keys: ["1"]) }
        let token = try #require(try await api.send(.get, "/search?query=x").json["next_cursor"]?.stringValue)
        let reply = try await api.send(.get, "/search?query=x&cursor=\(token)&offset=1")
        #expect(reply.status == 400)
        #expect(reply.invalidFields == ["offset: invalid_value"])
    }
}
