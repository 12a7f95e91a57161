import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

@Suite struct SessionEditTests {
    @Test func aPatchIsMergedAndToldWhole() async throws {
        try await withStorage { storage in
            let id = try await storage.makeSession()
            _ = try await storage.edits.patchMetadata(["title": "A", "tags": ["x"]], of: id, client: storage.owner)
            let before = try #require(try await storage.session(id))
            let edit = try #require(
                try await storage.edits.patchMetadata(
                    ["tags": nil, "more": ["deep": [1]]],
                    of: id,
                    client: storage.owner
                )
            )
            #expect(edit.isChanged)
            #expect(edit.session.metadata["title"] == "A")
            #expect(edit.session.metadata["tags"] == nil)
            #expect(edit.session.metadata["more"] == ["deep": [1]])
            #expect(edit.session.updatedAt > before.updatedAt)
            #expect(edit.session == (try await storage.session(id)))
            #expect(try await storage.updates().last == ["metadata": .object(edit.session.metadata)])
        }
    }

    @Test(arguments: [[:], ["title": "A"], ["nothing": nil]] as [JSONObject])
    func aPatchThatChangesNothingIsNotTold(patch: JSONObject) async throws {
        try await withStorage { storage in
            let id = try await storage.makeSession()
            let first = try #require(
                try await storage.edits.patchMetadata(["title": "A"], of: id, client: storage.owner)
            )
            let edit = try #require(try await storage.edits.patchMetadata(patch, of: id, client: storage.owner))
            #expect(!edit.isChanged)
            #expect(edit.session == first.session)
            #expect(try await storage.updates().count == 1)
        }
    }

    @Test func whatCannotBeStoredIsRefused() async throws {
        try await withStorage { storage in
            let id = try await storage.makeSession()
            let long = String(repeating: "x", count: SessionEditRepository.maximumMetadataBytes)
            let error = await #expect(throws: ChatError.self) {
                try await storage.edits.patchMetadata(["a": .string(long)], of: id, client: storage.owner)
            }
            #expect(error?.code == .invalidRequest)
            #expect(error?.validationErrors.map(\.field) == ["metadata"])
            #expect(try await storage.session(id)?.metadata == [:])
            #expect(try await storage.updates().isEmpty)
        }
    }

    @Test func patchesAtTheSameTimeAreAllKept() async throws {
        try await withStorage(poolSize: 8) { storage in
            let id = try await storage.makeSession()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<24 {
                    group.addTask {
                        _ = try await storage.edits.patchMetadata(["k\(number)": 1], of: id, client: storage.owner)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await storage.session(id)?.metadata.count == 24)
            #expect(try await storage.updates().count == 24)
            try await storage.database.checkEventLog()
        }
    }

    @Test func aSwitchTellsWhatIsDifferent() async throws {
        try await withStorage { storage in
            let id = try await storage.makeSession()
            let other = SessionType(id: .make(), name: "Other", webhookURL: "http://127.0.0.1:1/")
            try await storage.sessionTypes.createSessionType(other)
            func change(to type: SessionType, _ capability: String) async throws -> SessionEdit? {
                try await storage.edits.switchType(
                    of: id,
                    client: storage.owner,
                    to: type.id,
                    capabilities: [try StorageFixture.capability(capability)]
                )
            }
            let typeID = JSONValue.string(other.id.description)
            let before = try #require(try await storage.session(id))
            let edit = try #require(try await change(to: other, "a"))
            #expect(edit.isChanged)
            #expect(edit.session.sessionTypeID == other.id)
            #expect(edit.session.availableCapabilities.map(\.id) == ["a"])
            #expect(edit.session.updatedAt > before.updatedAt)
            #expect(edit.session == (try await storage.session(id)))
            #expect(
                try await storage.updates() == [["session_type_id": typeID, "available_capabilities": [["id": "a"]]]]
            )
            #expect(try await change(to: other, "b")?.isChanged == true)
            #expect(try await storage.updates().last == ["available_capabilities": [["id": "b"]]])
            #expect(try await change(to: other, "b")?.isChanged == false)
            #expect(try await storage.updates().count == 2)
            #expect(try await change(to: storage.type, "b")?.isChanged == true)
            #expect(
                try await storage.updates().last == ["session_type_id": .string(storage.type.id.description)]
            )
        }
    }

    @Test func aSwitchToADeletedTypeChangesNothing() async throws {
        try await withStorage { storage in
            let id = try await storage.makeSession()
            let before = try await storage.session(id)
            let error = await #expect(throws: ChatError.self) {
                try await storage.edits.switchType(of: id, client: storage.owner, to: .make(), capabilities: [])
            }
            #expect(error?.code == .notFound)
            #expect(try await storage.session(id) == before)
            #expect(try await storage.updates().isEmpty)
        }
    }

    @Test func aDeletedSessionLeavesNothingButItsEvents() async throws {
        try await withStorage { storage in
            let id = try await storage.makeSession()
            let kept = try await storage.makeSession()
            let begun = try await storage.converse(in: id)
            try await storage.converse(in: id, under: .message(begun.userMessage.id))
            try await storage.converse(in: kept)
            _ = try await storage.reactions.setReaction(
                .like,
                to: begun.response.id,
                of: storage.owner,
                user: storage.owner
            )
            #expect(
                try await storage.edits.deleteSession(id, of: storage.owner, evenWhileStreaming: false) == .deleted
            )
            #expect(try await storage.session(id) == nil)
            #expect(try await storage.messages.message(begun.response.id, of: storage.owner) == nil)
            #expect(try await storage.database.query("SELECT count(*) FROM reactions") == "0")
            #expect(try await storage.activePath(of: kept).count == 2)
            #expect(try await storage.updates() == [["deleted": true]])
            #expect(
                try await storage.edits.deleteSession(id, of: storage.owner, evenWhileStreaming: false) == .notFound
            )
            #expect(try await storage.updates().count == 1)
            try await storage.database.checkEventLog()
        }
    }

    @Test func aSessionIsNotDeletedUnderARunningStreamUnlessAskedTo() async throws {
        try await withStorage { storage in
            let id = try await storage.makeSession()
            let answer = try await storage.begin(storage.exchange(in: id)).response.id
            #expect(
                try await storage.edits.deleteSession(id, of: storage.owner, evenWhileStreaming: false)
                    == .streaming([answer])
            )
            #expect(try await storage.session(id) != nil)
            #expect(
                try await storage.edits.deleteSession(id, of: storage.owner, evenWhileStreaming: true) == .deleted
            )
            // Its owner is fenced off.
            #expect(try await storage.finish(answer) == nil)
            try await storage.database.checkTree()
            try await storage.database.checkEventLog()
        }
    }

    @Test func aForeignSessionIsLikeAnUnknownOne() async throws {
        try await withStorage { storage in
            let id = try await storage.makeSession()
            let mallory = try #require(ClientID("mallory"))
            #expect(try await storage.edits.patchMetadata(["a": 1], of: id, client: mallory) == nil)
            let switched = try await storage.edits.switchType(
                of: id,
                client: mallory,
                to: storage.type.id,
                capabilities: [try StorageFixture.capability("a")]
            )
            #expect(switched == nil)
            #expect(try await storage.edits.deleteSession(id, of: mallory, evenWhileStreaming: true) == .notFound)
            #expect(try await storage.session(id)?.metadata == [:])
            #expect(try await storage.events.lastSeqs(of: [storage.owner, mallory]) == [:])
        }
    }
}
