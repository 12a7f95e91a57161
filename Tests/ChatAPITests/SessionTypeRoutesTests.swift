import ChatCore
import Hummingbird
import Testing

@testable import ChatAPI

@Suite struct SessionTypeRoutesTests {
    private let api = APIFixture()
    private let minimal: JSONValue = ["name": "Echo", "webhook_url": "https://echo.example/hook"]

    @Test func aTypeIsMadeWithTheDefaults() async throws {
        let reply = try await api.send(.post, "/session-types", as: "admin", minimal)
        #expect(reply.status == 201)
        let stored = try #require(api.database.read { $0.sessionTypes.first })
        #expect(reply["location"] == "/api/v1/session-types/\(stored.id)")
        #expect(
            reply.json == [
                "session_type_id": .string(stored.id.description),
                "name": "Echo",
                "webhook_url": "https://echo.example/hook",
                "timeout_seconds": 30,
                "max_duration_seconds": 300,
                "max_connections": 1024,
                "circuit_breaker": ["failure_threshold": 5, "open_seconds": 30, "half_open_max_calls": 1],
            ]
        )
    }

    @Test func theSecretIsStoredAndNeverShown() async throws {
        let id = SessionTypeID.make()
        let reply = try await api.send(
            .post,
            "/session-types",
            as: "admin",
            [
                "session_type_id": .string(id.description), "name": "Echo",
                "webhook_url": "https://echo.example/hook", "webhook_secret": "whsec-42",
            ]
        )
        #expect(api.database.read { $0.sessionTypes.first?.webhookSecret } == "whsec-42")
        let read = try await api.send(.get, "/session-types/\(id)", as: "admin")
        let list = try await api.send(.get, "/session-types", as: "admin")
        for reply in [reply, read, list] {
            #expect(!String(decoding: reply.body, as: UTF8.self).contains("whsec-42"))
        }
    }

    @Test func aTakenIDIsAConflict() async throws {
        let type = Sample.sessionType()
        api.database.change { $0.sessionTypes = [type] }
        let reply = try await api.send(
            .post,
            "/session-types",
            as: "admin",
            [
                "session_type_id": .string(type.id.description), "name": "Echo",
                "webhook_url": "https://echo.example/hook",
            ]
        )
        #expect(reply.status == 409)
        #expect(reply.code == "CONFLICT")
    }

    @Test func everyFieldAtFaultIsNamed() async throws {
        let reply = try await api.send(
            .post,
            "/session-types",
            as: "admin",
            [
                "name": "", "webhook_url": "ftp://echo.example", "timeout_seconds": 301, "max_duration_seconds": 0,
                "max_connections": 10_001, "history_limit": "all", "circuit_breaker": ["open_seconds": 0, "x": 1],
                "summarization": ["service_url": 1], "meta": [], "url": "https://echo.example",
            ]
        )
        #expect(reply.status == 400)
        #expect(
            Set(reply.invalidFields) == [
                "name: invalid_value", "webhook_url: malformed", "timeout_seconds: out_of_range",
                "max_duration_seconds: out_of_range", "max_connections: out_of_range", "history_limit: wrong_type",
                "circuit_breaker.open_seconds: out_of_range", "circuit_breaker.x: unknown_field",
                "summarization.enabled: required", "summarization.service_url: wrong_type", "meta: wrong_type",
                "url: unknown_field",
            ]
        )
        #expect(api.database.read { $0.sessionTypes.isEmpty })
    }

    @Test func clientsSeeThePublicFieldsAlone() async throws {
        let type = Sample.sessionType()
        api.database.change { $0.sessionTypes = [type] }
        let client = try await api.send(.get, "/session-types")
        #expect(client.json == ["session_types": [type.publicJSON]])
        let administrator = try await api.send(.get, "/session-types", as: "admin")
        #expect(administrator.json == ["session_types": [type.administrationJSON]])
    }

    @Test func onlyAdministratorsManage() async throws {
        let type = Sample.sessionType()
        api.database.change { $0.sessionTypes = [type] }
        let replies = [
            try await api.send(.post, "/session-types", minimal),
            try await api.send(.get, "/session-types/\(type.id)"),
            try await api.send(.put, "/session-types/\(type.id)", minimal),
            try await api.send(.delete, "/session-types/\(type.id)"),
        ]
        for reply in replies {
            #expect(reply.status == 403)
            #expect(reply.code == "FORBIDDEN")
        }
        #expect(api.database.read { $0.sessionTypes } == [type])
    }

    @Test func aTypeIsReplaced() async throws {
        let type = Sample.sessionType()
        api.database.change { $0.sessionTypes = [type] }
        let reply = try await api.send(.put, "/session-types/\(type.id)", as: "admin", minimal)
        #expect(reply.status == 200)
        let stored = try #require(api.database.read { $0.sessionTypes.first })
        #expect(stored.id == type.id)
        #expect(stored.historyLimit == nil)
        #expect(reply.json == stored.administrationJSON)
    }

    @Test func aReplacementKeepsItsID() async throws {
        let type = Sample.sessionType()
        api.database.change { $0.sessionTypes = [type] }
        let reply = try await api.send(
            .put,
            "/session-types/\(type.id)",
            as: "admin",
            [
                "session_type_id": .string(SessionTypeID.make().description), "name": "Echo",
                "webhook_url": "https://echo.example/hook",
            ]
        )
        #expect(reply.invalidFields == ["session_type_id: invalid_value"])
    }

    @Test func aTypeInUseStays() async throws {
        let type = Sample.sessionType()
        let session = try Sample.session(type: type.id)
        api.database.change {
            $0.sessionTypes = [type]
            $0.sessions = [session]
        }
        let refused = try await api.send(.delete, "/session-types/\(type.id)", as: "admin")
        #expect(refused.status == 409)
        #expect(refused.code == "CONFLICT")

        api.database.change { $0.sessions = [] }
        let deleted = try await api.send(.delete, "/session-types/\(type.id)", as: "admin")
        #expect(deleted.status == 200)
        #expect(deleted.json == ["deleted": true])
    }

    @Test func unknownAndMalformedIDsAnswerAlike() async throws {
        for id in [SessionTypeID.make().description, "no-uuid"] {
            let replies = [
                try await api.send(.get, "/session-types/\(id)", as: "admin"),
                try await api.send(.put, "/session-types/\(id)", as: "admin", minimal),
                try await api.send(.delete, "/session-types/\(id)", as: "admin"),
            ]
            for reply in replies {
                #expect(reply.status == 404)
                #expect(reply.code == "NOT_FOUND")
                #expect(reply.json["message"] == "There is no such session type.")
                #expect(reply.json["details"]?["resource_id"] == .string(id))
            }
        }
    }

    @Test func theBackendIsAskedHowItIs() async throws {
        let type = Sample.sessionType()
        api.database.change { $0.sessionTypes = [type] }
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        for body in [nil, [:]] as [JSONValue?] {
            let reply = try await api.send(
                .post,
                "/session-types/\(type.id)/health",
                as: "admin",
                body,
                headers: [.traceparent: "00-\(trace)-00f067aa0ba902b7-01"]
            )
            #expect(reply.status == 200)
            #expect(
                reply.json == [
                    "status": "degraded", "version": "2.1", "capabilities": ["streaming", ["id": "search"]],
                ]
            )
        }
        #expect(api.backend.traces.all.count == 2)
        #expect(api.backend.traces.all.allSatisfy { $0?.hasPrefix("00-\(trace)-") == true })
    }

    @Test(arguments: [
        (ChatError(.backendError, "The backend answered with an error."), 502, "BACKEND_ERROR"),
        (ChatError(.backendTimeout, "Too slow.", timeoutMilliseconds: 30_000), 504, "BACKEND_TIMEOUT"),
    ])
    func aBackendThatFailsIsNotHealthy(error: ChatError, status: Int, code: String) async throws {
        var api = api
        api.backend.health = .failure(error)
        let type = Sample.sessionType()
        api.database.change { $0.sessionTypes = [type] }
        let reply = try await api.send(.post, "/session-types/\(type.id)/health", as: "admin")
        #expect(reply.status == status)
        #expect(reply.code == code)
    }

    @Test func healthIsForAdministratorsAndOfWhatThereIs() async throws {
        let type = Sample.sessionType()
        api.database.change { $0.sessionTypes = [type] }
        let path = "/session-types/\(type.id)/health"
        #expect(try await api.send(.post, path).status == 403)
        #expect(try await api.send(.post, path, as: "admin", ["deep": true]).invalidFields == ["deep: unknown_field"])
        for id in [SessionTypeID.make().description, "x"] {
            let reply = try await api.send(.post, "/session-types/\(id)/health", as: "admin")
            #expect(reply.status == 404)
            #expect(reply.json["details"]?["resource_id"] == .string(id))
        }
        #expect(api.backend.traces.all.isEmpty)
    }
}
