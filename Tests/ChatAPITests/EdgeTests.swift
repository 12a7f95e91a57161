import ChatCore
import Hummingbird
import Testing

@testable import ChatAPI

/// What holds for every operation: tokens, bodies, errors, methods, traces.
@Suite struct EdgeTests {
    private let api = APIFixture()

    @Test func aTokenIsRequired() async throws {
        let reply = try await api.send(.get, "/sessions", as: nil)
        #expect(reply.status == 401)
        #expect(reply.code == "AUTH_REQUIRED")
        #expect(reply["www-authenticate"] == "Bearer")
    }

    @Test(arguments: ["Bearer expired", "bearer expired", "Bearer a b"])
    func aBadTokenIsNamedInTheChallenge(header: String) async throws {
        let reply = try await api.send(.get, "/sessions", as: nil, headers: [.authorization: header])
        #expect(reply.status == 401)
        #expect(reply.code == "AUTH_REQUIRED")
        #expect(reply["www-authenticate"] == "Bearer error=\"invalid_token\"")
    }

    @Test func anotherSchemeIsNoToken() async throws {
        let reply = try await api.send(.get, "/sessions", as: nil, headers: [.authorization: "Basic YTpi"])
        #expect(reply.status == 401)
        #expect(reply["www-authenticate"] == "Bearer")
    }

    @Test func anUnknownPathIsNotFound() async throws {
        for path in ["/nothing", "", "/sessions/1/2/3/4"] {
            let reply = try await api.send(.get, path)
            #expect(reply.status == 404)
            #expect(
                reply.json == [
                    "error_code": "NOT_FOUND",
                    "message": "There is nothing at this address.",
                    "details": ["trace_id": .string(reply.requestID ?? "")],
                ]
            )
        }
    }

    @Test(arguments: [
        ("/sessions", "GET, HEAD, OPTIONS, POST"), ("/sessions/1", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("/messages/1/stop", "OPTIONS, POST"), ("/session-types/1", "DELETE, GET, HEAD, OPTIONS, PUT"),
    ])
    func aMethodThatAPathDoesNotHaveIsNotAllowed(path: String, methods: String) async throws {
        for method in ["TRACE", "BREW"] {
            let reply = try await api.send(try #require(.init(method)), path)
            #expect(reply.status == 405)
            #expect(reply.code == "METHOD_NOT_ALLOWED")
            let allowed = try #require(reply["allow"]).split(separator: ",").map { String($0.filter { $0 != " " }) }
            #expect(allowed.sorted().joined(separator: ", ") == methods)
        }
    }

    @Test(arguments: ["", "{", "{\"a\":1}}", "\u{FEFF}{}"])
    func aBodyThatIsNoJSONIsMalformed(text: String) async throws {
        let reply = try await api.send(
            .post,
            "/sessions",
            bytes: Array(text.utf8),
            headers: [.contentType: "application/json"]
        )
        #expect(reply.status == 400)
        #expect(reply.code == "INVALID_REQUEST")
        #expect(reply.invalidFields == [": malformed"])
    }

    @Test(arguments: [
        ("{\"metadata\":{\"a\":[\"\\u0000\"]}}", "metadata.a[0]: malformed"),
        ("{\"metadata\":{\"a\":\"\\ud800\"}}", "metadata.a: malformed"),
        ("{\"metadata\":{\"a\":1,\"a\":2}}", "metadata.a: malformed"),
        ("{\"metadata\":{\"n\":1e999999}}", "metadata.n: malformed"),
    ])
    func whatNoFieldMayHoldIsRefusedByItsName(text: String, field: String) async throws {
        let reply = try await api.send(.post, "/sessions", bytes: Array(text.utf8))
        #expect(reply.status == 400)
        #expect(reply.invalidFields == [field])
    }

    @Test func anAnswerIsNotLongerThanWhatItAnswers() async throws {
        let fields = (0..<200).map { ("f\($0)", JSONValue.integer($0)) }
        let many = try await api.send(.post, "/sessions", .object(JSONObject(fields)))
        #expect(many.status == 400)
        #expect(many.invalidFields.count == 100)
        #expect(many.json["message"]?.stringValue?.hasSuffix(" and others.") == true)
        let name = String(repeating: "n", count: 4000)
        let long = try await api.send(.post, "/sessions", ["\(name)": 1])
        #expect(long.invalidFields.last == "\(name.prefix(256))…: unknown_field")
        #expect(long.body.count < 1024)
    }

    @Test func aBodyThatIsNoObjectIsRefused() async throws {
        let reply = try await api.send(.post, "/sessions", [1])
        #expect(reply.invalidFields == [": wrong_type"])
    }

    @Test(arguments: [
        "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "application/json; charset=utf-16",
        "application/json, text/plain",
    ])
    func anotherMediaTypeIsNotSupported(type: String) async throws {
        let replies = [
            try await api.send(.post, "/sessions", [:], headers: [.contentType: type]),
            try await api.send(.post, "/messages/\(MessageID.make())/stop", [:], headers: [.contentType: type]),
        ]
        for reply in replies {
            #expect(reply.status == 415)
            #expect(reply.code == "UNSUPPORTED_MEDIA_TYPE")
        }
    }

    @Test func aCompressedBodyIsNotSupported() async throws {
        let reply = try await api.send(.post, "/sessions", [:], headers: [.contentEncoding: "gzip"])
        #expect(reply.status == 415)
    }

    @Test(arguments: ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""])
    func jsonIsAcceptedHoweverItIsNamed(type: String) async throws {
        let reply = try await api.send(.post, "/sessions", [:], headers: [.contentType: type])
        #expect(reply.invalidFields == ["session_type_id: required"])
    }

    @Test func aBodyWithoutATypeIsTakenForJSON() async throws {
        let reply = try await api.send(.post, "/sessions", bytes: Array("{}".utf8))
        #expect(reply.invalidFields == ["session_type_id: required"])
    }

    @Test func aBodyOfTheLargestSizeIsRead() async throws {
        let body = Array("{}".utf8) + Array(repeating: UInt8(ascii: " "), count: 4094)
        let fitting = try await api.send(.post, "/sessions", bytes: body)
        #expect(fitting.status == 400)
        let larger = try await api.send(.post, "/sessions", bytes: body + [UInt8(ascii: " ")])
        #expect(larger.status == 413)
        #expect(larger.code == "PAYLOAD_TOO_LARGE")
        #expect(larger["connection"] == "close")
    }

    @Test(arguments: [
        "/sessions/\(SessionID.make())", "/sessions/\(SessionID.make())/shares/x",
        "/session-types/\(SessionTypeID.make())",
    ])
    func aDeletionHasNothingToSay(path: String) async throws {
        let text: HTTPFields = [.contentType: "text/plain"]
        let talkative = try await api.send(.delete, path, as: "admin", ["force": true])
        #expect(talkative.invalidFields == ["force: unknown_field"])
        #expect(try await api.send(.delete, path, as: "admin", bytes: [0x78], headers: text).status == 415)
        let large = Array(repeating: UInt8(ascii: " "), count: 4097)
        #expect(try await api.send(.delete, path, as: "admin", bytes: large).status == 413)
        #expect(try await api.send(.delete, path, as: "admin", [:]).status == 404)
    }

    @Test func theTraceOfTheCallerIsTakenUp() async throws {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        let reply = try await api.send(
            .get,
            "/nothing",
            headers: [.traceparent: "00-\(trace)-00f067aa0ba902b7-01"]
        )
        #expect(reply.requestID == trace)
        #expect(reply.json["details"]?["trace_id"] == .string(trace))
    }

    @Test func everyAnswerHasAnIDOfItsOwn() async throws {
        let paths = ["/sessions", "/nothing", "/sessions/1", "/sessions?limit=0"]
        var ids: Set<String> = []
        for path in paths { ids.insert(try #require(try await api.send(.get, path).requestID)) }
        #expect(ids.count == paths.count)
        #expect(ids.allSatisfy { $0.utf8.count == 32 })
    }

    @Test func anUnavailableDatabaseSaysWhenToComeBack() async throws {
        api.database.change { $0.failure = ChatError(.serviceUnavailable, "Not now.", retryAfterSeconds: 7) }
        let reply = try await api.send(.get, "/sessions")
        #expect(reply.status == 503)
        #expect(reply.code == "SERVICE_UNAVAILABLE")
        #expect(reply["retry-after"] == "7")
        #expect(reply.json["details"]?["retry_after_seconds"] == 7)

        api.database.change { $0.failure = ChatError(.serviceUnavailable, "Not now.") }
        #expect(try await api.send(.get, "/sessions")["retry-after"] == "1")
    }

    @Test func aLimitSaysWhenToComeBack() async throws {
        api.database.change { $0.failure = ChatError(.rateLimitExceeded, "Too fast.", retryAfterSeconds: 3) }
        let reply = try await api.send(.get, "/sessions")
        #expect(reply.status == 429)
        #expect(reply["retry-after"] == "3")

        api.database.change { $0.failure = ChatError(.rateLimitExceeded, "Too fast.") }
        #expect(try await api.send(.get, "/sessions")["retry-after"] == "1")
    }

    @Test func whatWentWrongInsideStaysInside() async throws {
        struct Secret: Error {
            let query = "SELECT * FROM sessions"
        }
        api.database.change { $0.failure = Secret() }
        let reply = try await api.send(.get, "/sessions")
        #expect(reply.status == 500)
        #expect(reply.code == "INTERNAL_ERROR")
        #expect(!String(decoding: reply.body, as: UTF8.self).contains("SELECT"))
        let record = try #require(api.log.records.first { $0.hasPrefix("error Request failed") })
        #expect(record.contains("SELECT * FROM sessions"))
        #expect(record.contains("trace_id=\(reply.requestID ?? "-")"))
    }

    @Test func aHeadIsAGetWithoutItsBody() async throws {
        let session = try Sample.session()
        api.database.change { $0.sessions = [session] }
        let get = try await api.send(.get, "/sessions/\(session.id)")
        let head = try await api.send(.head, "/sessions/\(session.id)")
        #expect(head.status == 200)
        #expect(head.body.isEmpty)
        for name in ["etag", "content-length", "content-type"] { #expect(head[name] == get[name]) }
        for path in ["/sessions/1", "/nothing", "/messages/1/stop"] {
            #expect(try await api.send(.head, path).body.isEmpty)
        }
    }
}
