import ChatCore
import Hummingbird
import Testing

@testable import ChatAPI

@Suite struct MessageRoutesTests {
    private let api = APIFixture()
    private let session: Session
    private let messages: [Message]

    init() throws {
        let session = try Sample.session()
        let question = Sample.message(in: session)
        let messages = [question, Sample.message(in: session, role: .assistant, state: .stopped, parent: question.id)]
        api.database.change {
            $0.sessions = [session]
            $0.messages = messages
        }
        self.session = session
        self.messages = messages
    }

    @Test func messagesAreListedAlongTheActivePath() async throws {
        let reply = try await api.send(.get, "/sessions/\(session.id)/messages")
        #expect(reply.status == 200)
        #expect(reply.json == ["messages": .array(messages.map(\.json)), "next_cursor": .null])
        #expect(
            api.database.read { $0.messageQuery } == MessageQuery(clientID: session.clientID, sessionID: session.id)
        )
    }

    @Test func everyParameterOfTheListIsHandedOn() async throws {
        let cursor = PageCursor(list: "messages", keys: ["1"])
        let parent = MessageID.make()
        _ = try await api.send(
            .get,
            "/sessions/\(session.id)/messages?path=all&order=desc&limit=1000&parent_message_id=\(parent)"
                + "&cursor=\(CursorToken.text(of: cursor))"
        )
        #expect(
            api.database.read { $0.messageQuery }
                == MessageQuery(
                    clientID: session.clientID,
                    sessionID: session.id,
                    path: .all,
                    parentMessageID: parent,
                    limit: 1000,
                    isDescending: true,
                    cursor: cursor
                )
        )
    }

    @Test func everyParameterAtFaultIsNamed() async throws {
        let reply = try await api.send(
            .get,
            "/sessions/\(session.id)/messages?path=some&order=up&limit=1001&parent_message_id=1&cursor=1&page=2"
        )
        #expect(reply.status == 400)
        #expect(
            reply.invalidFields == [
                "path: invalid_value", "parent_message_id: malformed", "limit: out_of_range", "order: invalid_value",
                "cursor: malformed", "page: unknown_field",
            ]
        )
    }

    @Test func messagesOfAForeignSessionAreNotFound() async throws {
        for id in [session.id.description, "no-uuid"] {
            let reply = try await api.send(.get, "/sessions/\(id)/messages", as: "bob")
            #expect(reply.status == 404)
            #expect(reply.code == "SESSION_NOT_FOUND")
        }
    }

    @Test func aMessageIsReadByItsOwner() async throws {
        let reply = try await api.send(.get, "/messages/\(messages[1].id)")
        #expect(reply.status == 200)
        #expect(reply.json == messages[1].json)
        #expect(reply.json["metadata"]?["state"] == "stopped")
    }

    @Test func foreignUnknownAndMalformedIDsAnswerAlike() async throws {
        for (id, client) in [
            (messages[0].id.description, "bob"), (MessageID.make().description, "alice"), ("1", "alice"),
        ] {
            let replies = [
                try await api.send(.get, "/messages/\(id)", as: client),
                try await api.send(.post, "/messages/\(id)/stop", as: client),
            ]
            for reply in replies {
                #expect(reply.status == 404)
                #expect(reply.code == "MESSAGE_NOT_FOUND")
                #expect(reply.json["message"] == "There is no such message.")
                #expect(reply.json["details"]?["resource_id"] == .string(id))
            }
        }
    }

    @Test func aRunningStreamIsStopped() async throws {
        let id = messages[1].id
        api.database.change { $0.streaming = [id] }
        let reply = try await api.send(.post, "/messages/\(id)/stop")
        #expect(reply.status == 200)
        #expect(reply.json == ["stopped": true, "partial_message_id": .string(id.description)])
    }

    @Test func stoppingWhatHasEndedIsHarmless() async throws {
        let id = messages[1].id
        let replies = [
            try await api.send(.post, "/messages/\(id)/stop"),
            try await api.send(.post, "/messages/\(id)/stop", [:]),
            try await api.send(.post, "/messages/\(id)/stop", bytes: []),
        ]
        for reply in replies {
            #expect(reply.status == 200)
            #expect(reply.json == ["stopped": false, "partial_message_id": .string(id.description)])
        }
    }

    @Test func stopHasNoFields() async throws {
        let reply = try await api.send(.post, "/messages/\(messages[1].id)/stop", ["force": true])
        #expect(reply.status == 400)
        #expect(reply.invalidFields == ["force: unknown_field"])
    }
}
