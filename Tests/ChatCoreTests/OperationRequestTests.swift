import ChatCore
import Testing

/// Requests whose path, query and body are one object.
@Suite struct OperationRequestTests {
    private static let id = SessionID.make()
    private static let message = MessageID.make()

    private func faults<Request: ReadableRequest>(_ type: Request.Type, _ body: JSONValue) -> [String] {
        do throws(ChatError) {
            _ = try Request(body: body)
            return []
        } catch {
            return error.validationErrors.map { "\($0.field): \($0.code.rawValue)" }
        }
    }

    @Test func everyParameterOfAListIsRead() throws {
        let cursor = PageCursor(list: "messages", keys: ["1"])
        let request = try ListMessagesOperation.Request(
            body: [
                "session_id": .string(Self.id.description), "path": "all", "order": "desc", "limit": 1000,
                "parent_message_id": .string(Self.message.description), "cursor": .string(CursorToken.text(of: cursor)),
            ]
        )
        #expect(request.sessionID == Self.id)
        #expect(request.parameters.path == .all)
        #expect(request.parameters.isDescending)
        #expect(request.parameters.limit == 1000)
        #expect(request.parameters.parentMessageID == Self.message)
        #expect(request.parameters.cursor == cursor)
    }

    @Test func aListHasTheDefaultsOfREST() throws {
        let request = try ListMessagesOperation.Request(body: ["session_id": .string(Self.id.description)])
        #expect(request.parameters.path == .active)
        #expect(!request.parameters.isDescending)
        #expect(request.parameters.limit == 100)
        #expect(request.parameters.parentMessageID == nil)
        #expect(request.parameters.cursor == nil)
    }

    @Test func everyFieldAtFaultIsNamed() {
        #expect(
            faults(
                ListMessagesOperation.Request.self,
                [
                    "session_id": "1", "path": "some", "order": 1, "limit": 1001, "parent_message_id": "1",
                    "cursor": "1", "page": 2,
                ]
            ) == [
                "session_id: malformed", "path: invalid_value", "parent_message_id: malformed", "limit: out_of_range",
                "order: wrong_type", "cursor: malformed", "page: unknown_field",
            ]
        )
        #expect(
            faults(SearchMessagesOperation.Request.self, ["limit": "1", "offset": -1])
                == ["session_id: required", "query: required", "limit: wrong_type", "offset: out_of_range"]
        )
        #expect(
            faults(ReadShareOperation.Request.self, ["limit": 0]) == ["share_token: required", "limit: out_of_range"]
        )
        #expect(
            faults(SwitchSessionTypeOperation.Request.self, ["session_id": 1])
                == ["session_id: wrong_type", "new_session_type_id: required"]
        )
        #expect(
            faults(ExportSessionOperation.Request.self, ["format": "pdf"])
                == ["session_id: required", "format: invalid_value", "scope: required"]
        )
        #expect(
            faults(ShareSessionOperation.Request.self, ["expires_at": "2001-01-01T00:00:00Z"])
                == ["session_id: required", "expires_at: out_of_range"]
        )
        #expect(
            faults(SessionReference.self, ["message_id": 1]) == ["session_id: required", "message_id: unknown_field"]
        )
        #expect(faults(MessageReference.self, [:]) == ["message_id: required"])
    }

    @Test func aTextToSearchForIsJudgedAsInAQuery() throws {
        for (query, code) in [
            ("", "invalid_value"), (" ", "invalid_value"), (String(repeating: "a", count: 501), "too_long"),
        ] {
            #expect(faults(SearchParameters.self, ["query": .string(query)]) == ["query: \(code)"])
        }
        let cursor = JSONValue.string(CursorToken.text(of: PageCursor(list: "search", keys: [])))
        #expect(
            faults(SearchParameters.self, ["query": "a", "offset": 1, "cursor": cursor]) == ["offset: invalid_value"]
        )
        let request = try SearchParameters(body: ["query": "a", "limit": 5, "offset": 7])
        #expect(request.limit == 5)
        #expect(request.offset == 7)
    }

    @Test func anErrorMovesWithItsRequest() {
        let error = ChatError.invalid([
            ValidationError(field: "limit", message: "No.", code: .outOfRange),
            ValidationError(field: "", message: "No.", code: .malformed),
        ])
        let moved = error.moved(under: "payload")
        #expect(moved.validationErrors.map(\.field) == ["payload.limit", "payload"])
        #expect(moved.message == "The request is not valid: payload.limit, payload.")
        let other = ChatError(
            .forbidden,
            "A session can be created for the caller alone.",
            validationErrors: [ValidationError(field: "client_id", message: "No.", code: .invalidValue)]
        ).moved(under: "payload")
        #expect(other.message == "A session can be created for the caller alone.")
        #expect(other.validationErrors.map(\.field) == ["payload.client_id"])
        #expect(ChatError.shareNotFound.moved(under: "payload").message == ChatError.shareNotFound.message)
    }

    @Test func valuesThatSayTheSameAreWrittenAlike() {
        let one: JSONValue = ["b": [1, ["y": nil, "x": "é"]], "a": true]
        let two: JSONValue = ["a": true, "b": [1, ["x": "é", "y": nil]]]
        #expect(one.canonicalBytes == two.canonicalBytes)
        #expect(String(decoding: one.canonicalBytes, as: UTF8.self) == #"{"a":true,"b":[1,{"x":"é","y":null}]}"#)
        let other: JSONValue = ["a": true, "b": [["x": "é", "y": nil], 1]]
        #expect(one.canonicalBytes != other.canonicalBytes)
    }
}
