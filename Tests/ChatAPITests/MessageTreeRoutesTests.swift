import ChatCore
import Hummingbird
import Testing

@testable import ChatAPI

@Suite struct MessageTreeRoutesTests {
    private let variants: [Message]
    private let api = APIFixture()

    init() throws {
        let session = try Sample.session()
        let variants = [false, true, false].map { isActive in
            var message = Sample.message(in: session)
            message.isActive = isActive
            return message
        }
        api.database.change {
            $0.sessions = [session]
            $0.messages = variants
        }
        self.variants = variants
    }

    @Test func variantsAreShownWithTheActiveOnesPlace() async throws {
        for asked in variants {
            let path = "/messages/\(asked.id)/variants"
            let reply = try await api.send(.get, path)
            #expect(reply.status == 200)
            #expect(reply.json == ["variants": .array(variants.map(\.json)), "current_index": 1])
            let tag = try #require(reply["etag"])
            #expect(try await api.send(.get, path, headers: [.ifNoneMatch: tag]).status == 304)
            #expect(try await api.send(.head, path)["etag"] == tag)
        }
    }

    @Test func moreVariantsThanAPageHoldsAreToldOf() async throws {
        let path = "/messages/\(variants[0].id)/variants"
        let cursor = PageCursor(list: "variants", keys: ["1"])
        api.database.change { $0.nextCursor = cursor }
        let page = try await api.send(.get, "\(path)?limit=2")
        #expect(page.json["variants"] == .array(variants.prefix(2).map(\.json)))
        let next = try #require(page.json["next_cursor"]?.stringValue)
        _ = try await api.send(.get, "\(path)?cursor=\(next)")
        let asked = try #require(api.database.read { $0.variantPage })
        #expect(asked.limit == 1000)
        #expect(asked.cursor == cursor)
        let refused = try await api.send(.get, "\(path)?limit=1001&cursor=1&page=2")
        #expect(refused.status == 400)
        #expect(refused.invalidFields == ["limit: out_of_range", "cursor: malformed", "page: unknown_field"])
    }

    @Test func aVariantIsActivated() async throws {
        let reply = try await api.send(.post, "/messages/\(variants[2].id)/activate")
        #expect(reply.status == 200)
        #expect(reply.json == api.database.read { $0.messages[2].json })
        #expect(reply.json["is_active"] == true)
        let refused = try await api.send(.post, "/messages/\(variants[0].id)/activate", ["deep": true])
        #expect(refused.invalidFields == ["deep: unknown_field"])
        #expect(api.database.read { !$0.messages[0].isActive })
    }

    @Test(arguments: [("like", true), ("dislike", true), ("none", false)])
    func aReactionIsTaken(reaction: String, isApplied: Bool) async throws {
        let id = variants[0].id
        let reply = try await api.send(.post, "/messages/\(id)/reaction", ["reaction_type": .string(reaction)])
        #expect(reply.status == 200)
        #expect(
            reply.json == [
                "message_id": .string(id.description), "reaction_type": .string(reaction), "applied": .bool(isApplied),
            ]
        )
    }

    @Test(
        arguments: [
            ([:], "reaction_type: required"), (["reaction_type": "love"], "reaction_type: invalid_value"),
            (["reaction_type": 1], "reaction_type: wrong_type"),
            (["reaction_type": "like", "more": 1], "more: unknown_field"),
        ] as [(JSONValue, String)]
    )
    func anotherReactionIsRefused(body: JSONValue, field: String) async throws {
        let reply = try await api.send(.post, "/messages/\(variants[0].id)/reaction", body)
        #expect(reply.status == 400)
        #expect(reply.invalidFields == [field])
    }

    @Test func foreignAndUnknownMessagesAnswerAlike() async throws {
        for id in [variants[0].id.description, MessageID.make().description, "x"] {
            for reply in [
                try await api.send(.get, "/messages/\(id)/variants", as: "mallory"),
                try await api.send(.post, "/messages/\(id)/activate", as: "mallory"),
                try await api.send(.post, "/messages/\(id)/reaction", as: "mallory", ["reaction_type": "like"]),
            ] {
                #expect(reply.status == 404)
                #expect(reply.code == "MESSAGE_NOT_FOUND")
            }
        }
    }
}
