import ChatCore
import Hummingbird
import Testing

@testable import ChatAPI

@Suite struct ShareRoutesTests {
    private let api = APIFixture()
    private let session: Session
    private let path: String

    init() throws {
        session = try Sample.session()
        path = "/sessions/\(session.id)"
        api.database.change { [session] in $0.sessions = [session] }
    }

    private func share(_ body: JSONValue? = nil) async throws -> Reply {
        try await api.send(.post, "\(path)/share", body)
    }

    private func token(_ body: JSONValue? = nil) async throws -> String {
        try #require(try await share(body).json["share_token"]?.stringValue)
    }

    @Test(arguments: [nil, [:], ["expires_at": nil]] as [JSONValue?])
    func aShareWithoutAnEndNeverExpires(body: JSONValue?) async throws {
        let reply = try await share(body)
        #expect(reply.status == 201)
        let token = try #require(reply.json["share_token"]?.stringValue)
        #expect(ShareToken(token)?.bytes.count == 32)
        #expect(
            reply.json == [
                "share_token": .string(token),
                "share_url": .string("https://chat.example/api/v1/share/\(token)"),
                "expires_at": nil,
            ]
        )
        let listed = try await api.send(.get, "\(path)/shares")
        let id = try #require(listed.json["shares"]?.arrayValue?.first?["share_id"]?.stringValue)
        #expect(reply["location"] == "/api/v1\(path)/shares/\(id)")
        #expect(reply["cache-control"] == "private, no-cache")
    }

    @Test func everyShareHasATokenOfItsOwn() async throws {
        var tokens: Set<String> = []
        for _ in 0..<20 { tokens.insert(try await token()) }
        #expect(tokens.count == 20)
    }

    @Test(arguments: [
        ("2999-12-31T23:30:00Z", "2999-12-31T23:30:00.000Z"),
        ("2999-12-31t23:30:00.123456z", "2999-12-31T23:30:00.123Z"),
        ("2999-12-31T23:30:00-01:30", "3000-01-01T01:00:00.000Z"),
    ])
    func anEndIsToldInUTC(given: String, told: String) async throws {
        let reply = try await share(["expires_at": .string(given)])
        #expect(reply.status == 201)
        #expect(reply.json["expires_at"]?.stringValue == told)
        let listed = try await api.send(.get, "\(path)/shares")
        #expect(listed.json["shares"]?.arrayValue?.first?["expires_at"]?.stringValue == told)
    }

    @Test(
        arguments: [
            (["expires_at": "2020-01-01T00:00:00Z"], "expires_at: out_of_range"),
            (["expires_at": "tomorrow"], "expires_at: malformed"),
            (["expires_at": "2999-02-30T00:00:00Z"], "expires_at: malformed"),
            (["expires_at": "2999-01-01"], "expires_at: malformed"),
            (["expires_at": ""], "expires_at: invalid_value"),
            (["expires_at": 4_102_444_800], "expires_at: wrong_type"),
            (["expires_at": .string(String(repeating: "9", count: 65))], "expires_at: too_long"),
            (["password": "x"], "password: unknown_field"),
            ([], ": wrong_type"),
        ] as [(JSONValue, String)]
    )
    func aBadRequestSharesNothing(body: JSONValue, field: String) async throws {
        let reply = try await share(body)
        #expect(reply.status == 400)
        #expect(reply.invalidFields == [field])
        #expect(api.shares.count == 0)
    }

    @Test func nowIsNoFuture() async throws {
        let now = Timestamp.now
        let body: JSONValue = ["expires_at": .string(now.description)]
        #expect(throws: ChatError.self) { try ShareSession.Request(body: body, now: now) }
        let request = try ShareSession.Request(
            body: ["expires_at": .string(now.advanced(bySeconds: 1).description)],
            now: now
        )
        #expect(request.expiresAt?.millisecondsSince1970 == now.millisecondsSince1970 + 1000)
    }

    @Test func aSessionHasABoundedNumberOfShares() async throws {
        for _ in 0..<Share.maximumPerSession { #expect(try await share().status == 201) }
        let reply = try await share()
        #expect(reply.status == 409)
        #expect(reply.code == "CONFLICT")
    }

    @Test func foreignAndUnknownSessionsAnswerAlike() async throws {
        let token = try await token()
        for (method, suffix) in [(.post, "share"), (.get, "shares"), (.delete, "shares/\(token)")]
            as [(HTTPRequest.Method, String)]
        {
            for (client, id) in [("mallory", session.id), ("alice", SessionID.make())] {
                let reply = try await api.send(method, "/sessions/\(id)/\(suffix)", as: client)
                #expect(reply.status == 404)
                #expect(reply.code == "SESSION_NOT_FOUND")
                #expect(reply.json["details"]?["resource_id"]?.stringValue == id.description)
            }
        }
        #expect(api.shares.count == 1)
    }

    @Test func theListTellsNoToken() async throws {
        #expect(try await api.send(.get, "\(path)/shares").json == ["shares": []])
        let token = try await token()
        let reply = try await api.send(.get, "\(path)/shares")
        #expect(reply.status == 200)
        #expect(reply["etag"] != nil)
        #expect(!String(decoding: reply.body, as: UTF8.self).contains(token))
        let share = try #require(reply.json["shares"]?.arrayValue?.first?.objectValue)
        #expect(Set(share.map(\.0)) == ["share_id", "created_at", "expires_at"])
    }

    @Test func aShareIsRevokedByItsTokenOrItsID() async throws {
        let first = try await token()
        let id = try #require(
            try await api.send(.get, "\(path)/shares").json["shares"]?.arrayValue?.first?["share_id"]?.stringValue
        )
        let second = try await token()
        for name in [second, id] {
            let reply = try await api.send(.delete, "\(path)/shares/\(name)")
            #expect(reply.status == 200)
            #expect(reply.json == ["revoked": true])
        }
        for name in [second, id, first, "nonsense", SessionID.make().description, ShareToken.make().text] {
            let reply = try await api.send(.delete, "\(path)/shares/\(name)")
            #expect(reply.status == 404)
            #expect(reply.code == "NOT_FOUND")
        }
        for token in [first, second] {
            #expect(try await api.send(.get, "/share/\(token)", as: nil).status == 404)
        }
    }

    @Test func neitherTokensNorURLsOfSharesAreLogged() async throws {
        let token = try await token()
        _ = try await api.send(.get, "/share/\(token)", as: nil)
        _ = try await api.send(.delete, "\(path)/shares/\(token)")
        #expect(!api.log.records.isEmpty)
        #expect(!api.log.records.contains { $0.contains(token) })
    }
}
