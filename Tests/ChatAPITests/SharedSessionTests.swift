import ChatCore
import Hummingbird
import Testing

@testable import ChatAPI

/// What a stranger with the link sees.
@Suite struct SharedSessionTests {
    private let api = APIFixture()
    private let session: Session
    private let token = ShareToken.make()
    private var path: String { "/share/\(token.text)" }

    init() throws {
        let session = try Sample.session()
        var guest = Sample.message(in: session, role: .assistant, content: [.text("Hi")])
        guest.authorID = "bob-42"
        let messages = [Sample.message(in: session), guest]
        self.session = session
        api.database.change {
            $0.sessions = [session]
            $0.messages = messages
        }
        api.shares.add(row(expiresAt: nil, token: token))
    }

    private func row(expiresAt: Timestamp?, token: ShareToken) -> FakeShares.Row {
        FakeShares.Row(
            clientID: session.clientID,
            sessionID: session.id,
            token: token,
            share: Share(id: .make(), createdAt: Sample.moment, expiresAt: expiresAt)
        )
    }

    @Test func theActivePathIsReadWithoutAToken() async throws {
        let reply = try await api.send(.get, path, as: nil)
        #expect(reply.status == 200)
        let messages = try #require(reply.json["messages"]?.arrayValue)
        #expect(
            reply.json == [
                "session_id": .string(session.id.description),
                "messages": .array(messages),
                "next_cursor": nil,
                "read_only": true,
                "metadata": .object(session.metadata),
            ]
        )
        #expect(messages.map { $0["author_id"]?.stringValue } == ["owner", "guest"])
        #expect(messages[0]["content"]?.arrayValue?.first?["text"]?.stringValue == "Hello\nthere")
        #expect(api.database.read { $0.messageQuery?.path } == .active)
        #expect(api.database.read { $0.messageQuery?.clientID } == session.clientID)
        #expect(reply["cache-control"] == "public, max-age=5, must-revalidate")
        #expect(reply["vary"]?.contains("Authorization") != true)
    }

    @Test func nobodyLearnsWhoTheOwnerIs() async throws {
        let reply = try await api.send(.get, path, as: nil)
        let text = String(decoding: reply.body, as: UTF8.self)
        #expect(!text.contains("alice"))
        #expect(!text.contains("bob-42"))
        #expect(!text.contains("client_id"))
    }

    @Test(arguments: ["Bearer expired", "Bearer mallory", "Basic x"])
    func aTokenIsNotLookedAt(header: String) async throws {
        let reply = try await api.send(.get, path, as: nil, headers: [.authorization: header])
        #expect(reply.status == 200)
        let record = try #require(api.log.records.last { $0.contains("Request answered") })
        #expect(!record.contains("client_id="))
        #expect(record.contains("route=/api/v1/share/{token}"))
    }

    @Test func whatIsKnownIsNotSentAgain() async throws {
        let first = try await api.send(.get, path, as: nil)
        let tag = try #require(first["etag"])
        let again = try await api.send(.get, path, as: nil, headers: [.ifNoneMatch: tag])
        #expect(again.status == 304)
        #expect(again.body.isEmpty)
        #expect(again["etag"] == tag)
        #expect(again["cache-control"] == "public, max-age=5, must-revalidate")
        api.database.change { $0.messages[0].isActive = false }
        #expect(try await api.send(.get, path, as: nil, headers: [.ifNoneMatch: tag]).status == 200)
    }

    @Test func headIsGetWithoutABody() async throws {
        let get = try await api.send(.get, path, as: nil)
        let head = try await api.send(.head, path, as: nil)
        #expect(head.status == 200)
        #expect(head.body.isEmpty)
        #expect(head["etag"] == get["etag"])
        #expect(head["content-length"] == "\(get.body.count)")
    }

    @Test func aLongPathComesInPages() async throws {
        let cursor = PageCursor(list: "messages", keys: ["7"])
        api.database.change { $0.nextCursor = cursor }
        let page = try await api.send(.get, "\(path)?limit=1", as: nil)
        #expect(page.json["messages"]?.arrayValue?.count == 1)
        let next = try #require(page.json["next_cursor"]?.stringValue)
        _ = try await api.send(.get, "\(path)?cursor=\(next)", as: nil)
        #expect(api.database.read { $0.messageQuery?.cursor } == cursor)
        #expect(api.database.read { $0.messageQuery?.limit } == 1000)
    }

    @Test(arguments: [
        ("limit=0", "limit: out_of_range"), ("limit=1001", "limit: out_of_range"), ("cursor=x", "cursor: malformed"),
        ("path=all", "path: unknown_field"), ("limit=9223372036854775808", "limit: out_of_range"),
    ])
    func aBadQueryIsRefused(query: String, field: String) async throws {
        let reply = try await api.send(.get, "\(path)?\(query)", as: nil)
        #expect(reply.status == 400)
        #expect(reply.invalidFields == [field])
    }

    @Test func whatCannotBeOpenedAnswersAlike() async throws {
        let expired = ShareToken.make()
        api.shares.add(row(expiresAt: .now, token: expired))
        let bent = String(token.text.dropLast()) + (token.text.hasSuffix("A") ? "B" : "A")
        for text in [ShareToken.make().text, expired.text, bent, "x", token.text + "=", session.id.description] {
            let reply = try await api.send(.get, "/share/\(text)", as: nil)
            #expect(reply.status == 404)
            #expect(
                reply.json == [
                    "error_code": "NOT_FOUND",
                    "message": "There is no such share.",
                    "details": ["trace_id": .string(reply.requestID ?? "")],
                ]
            )
            #expect(reply["cache-control"] == "private, no-cache")
        }
    }

    @Test func aDeletedSessionIsNotFound() async throws {
        api.database.change { $0.sessions = [] }
        #expect(try await api.send(.get, path, as: nil).status == 404)
    }

    @Test func aShareIsReadOnly() async throws {
        for method in [.post, .put, .patch, .delete] as [HTTPRequest.Method] {
            let reply = try await api.send(method, path)
            #expect(reply.status == 405)
            #expect(reply["allow"]?.contains("GET") == true)
        }
    }
}
