import ChatCore
import Testing

@testable import TestSupport

/// That an answer which is not as described is found out.
struct AnswerCheckTests {
    private static let id = "01890a5d-ac96-774b-bcce-b302099a8057"

    private static func session() -> APIClient.Answer {
        let body: JSONValue = [
            "session_id": .string(id), "client_id": "alice", "session_type_id": .string(id),
            "available_capabilities": [["id": "echo", "more": [1, nil]]], "metadata": ["any": "thing"],
            "created_at": "2026-02-05T10:30:00.000Z", "updated_at": "2026-02-05T10:30:00.000Z",
        ]
        return APIClient.Answer(
            status: 200,
            headers: [
                "content-type": "application/json; charset=utf-8", "cache-control": "private, no-cache",
                "etag": "\"0f1e2d3c4b5a69788796a5b4c3d2e1f0\"", "x-request-id": "4bf92f3577b34da6a3ce929d0e0e4736",
                "vary": "Authorization", "content-length": "1",
            ],
            body: body,
            bytes: body.bytes
        )
    }

    private static func check(_ answer: APIClient.Answer, of method: String = "GET", _ path: String? = nil) throws {
        try answer.check(asAnswerTo: method, path ?? "/api/v1/sessions/\(id)?x=1")
    }

    private static func changing(_ name: String, to value: JSONValue?) -> APIClient.Answer {
        var answer = session()
        guard case .object(var members) = answer.body else { return answer }
        members[name] = value
        answer.bytes = JSONValue.object(members).bytes
        return answer
    }

    @Test("An answer as described passes")
    func passes() throws {
        try Self.check(Self.session())
        var head = Self.session()
        head.bytes = []
        try Self.check(head, of: "HEAD")
    }

    @Test(
        "A field that is unknown, missing, of another type or of another form is found",
        arguments: [
            ("new_field", .integer(1)), ("client_id", nil), ("client_id", .integer(1)), ("session_id", "ABC"),
            ("available_capabilities", [["name": "no id"]]), ("metadata", .null), ("created_at", "yesterday"),
        ] as [(String, JSONValue?)]
    )
    func fields(_ name: String, _ value: JSONValue?) {
        #expect(throws: TestSupportError.self) { try Self.check(Self.changing(name, to: value)) }
    }

    @Test("A status, a header, a media type or an address that is not described is found")
    func frame() {
        var answers: [APIClient.Answer] = []
        for (name, value) in [
            ("x-new", "1"), ("etag", nil), ("etag", "weak"), ("content-type", "text/html"), ("x-request-id", nil),
        ] as [(String, String?)] {
            var answer = Self.session()
            answer.headers[name] = value
            answers.append(answer)
        }
        var teapot = Self.session()
        teapot.status = 418
        for answer in answers + [teapot] { #expect(throws: TestSupportError.self) { try Self.check(answer) } }
        #expect(throws: TestSupportError.self) { try Self.check(Self.session(), of: "POST") }
        #expect(throws: TestSupportError.self) { try Self.check(Self.session(), of: "GET", "/api/v1/nonsense") }
    }

    @Test("A keyword that is not checked is a fault of its own")
    func unknownKeyword() throws {
        let file = try APIDescription.shared().file
        #expect(file.faults(in: 1, against: ["type": "integer", "multipleOf": 2]).count == 1)
        #expect(file.faults(in: "x", against: ["format": "idn-email"]).count == 1)
    }
}
