import ChatCore
import Testing

@testable import ChatStorage

@Suite struct SessionTypeRepositoryTests {
    private var full: SessionType {
        SessionType(
            id: .make(),
            name: "Assistant",
            description: "Answers",
            webhookURL: "https://backend.example/hook",
            webhookSecret: "whsec",
            timeoutSeconds: 300,
            maxDurationSeconds: 3600,
            maxConnections: 10_000,
            historyLimit: 50,
            circuitBreaker: SessionType.CircuitBreaker(failureThreshold: 7, openSeconds: 8, halfOpenMaxCalls: 9),
            summarization: SessionType.Summarization(
                enabled: true,
                serviceURL: "https://summary.example",
                settings: ["words": 100]
            ),
            meta: ["team": "a"]
        )
    }

    @Test func keepsEveryField() async throws {
        try await withStorage { storage in
            let type = full
            try await storage.sessionTypes.createSessionType(type)
            #expect(try await storage.sessionTypes.sessionType(type.id) == type)
            #expect(try await storage.sessionTypes.sessionType(storage.type.id) == storage.type)
            #expect(try await storage.sessionTypes.sessionType(.make()) == nil)
        }
    }

    @Test func listsByName() async throws {
        try await withStorage { storage in
            let type = full
            try await storage.sessionTypes.createSessionType(type)
            #expect(try await storage.sessionTypes.sessionTypes() == [type, storage.type])
        }
    }

    @Test func refusesATakenID() async throws {
        try await withStorage { storage in
            let error = await #expect(throws: ChatError.self) {
                try await storage.sessionTypes.createSessionType(storage.type)
            }
            #expect(error?.code == .conflict)
        }
    }

    @Test func replacesEveryFieldButKeepsTheSecret() async throws {
        try await withStorage { storage in
            let type = full
            try await storage.sessionTypes.createSessionType(type)
            var plain = SessionType(id: type.id, name: "Plain", webhookURL: "http://backend.example")
            #expect(try await storage.sessionTypes.replaceSessionType(plain))
            plain.webhookSecret = "whsec"
            #expect(try await storage.sessionTypes.sessionType(type.id) == plain)
            plain.webhookSecret = "other"
            #expect(try await storage.sessionTypes.replaceSessionType(plain))
            #expect(try await storage.sessionTypes.sessionType(type.id) == plain)
            plain.id = .make()
            #expect(try await storage.sessionTypes.replaceSessionType(plain) == false)
        }
    }

    @Test func aTypeInUseIsNotDeleted() async throws {
        try await withStorage { storage in
            let type = full
            try await storage.sessionTypes.createSessionType(type)
            _ = try await storage.makeSession()
            #expect(try await storage.sessionTypes.deleteSessionType(storage.type.id) == .inUse)
            #expect(try await storage.sessionTypes.deleteSessionType(type.id) == .deleted)
            #expect(try await storage.sessionTypes.deleteSessionType(type.id) == .unknown)
        }
    }
}
