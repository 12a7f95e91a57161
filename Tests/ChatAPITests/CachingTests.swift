import ChatCore
import Hummingbird
import Testing

@testable import ChatAPI

@Suite struct CachingTests {
    private let api = APIFixture()
    private let session: Session
    private let message: Message

    init() throws {
        let session = try Sample.session()
        let message = Sample.message(in: session)
        api.database.change {
            $0.sessions = [session]
            $0.messages = [message]
        }
        self.session = session
        self.message = message
    }

    private var paths: [String] {
        [
            "/sessions", "/sessions/\(session.id)", "/sessions/\(session.id)/messages", "/messages/\(message.id)",
            "/session-types",
        ]
    }

    @Test func whatIsKnownIsNotSentAgain() async throws {
        for path in paths {
            let first = try await api.send(.get, path)
            let tag = try #require(first["etag"])
            #expect(tag.hasPrefix("\"") && tag.hasSuffix("\""))
            #expect(first["cache-control"] == "private, no-cache")
            #expect(first["vary"] == "Authorization, Origin")
            for known in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
                let again = try await api.send(.get, path, headers: [.ifNoneMatch: known])
                #expect(again.status == 304)
                #expect(again.body.isEmpty)
                #expect(again["etag"] == tag)
                #expect(again["cache-control"] == "private, no-cache")
                #expect(again["vary"] == "Authorization, Origin")
                #expect(again.requestID != nil)
            }
            #expect(try await api.send(.get, path, headers: [.ifNoneMatch: "\"other\""]).status == 200)
        }
    }

    @Test func flagsArePartOfTheTag() async throws {
        let path = "/messages/\(message.id)"
        let before = try await api.send(.get, path)["etag"]
        api.database.change { $0.messages[0].isActive = false }
        #expect(try await api.send(.get, path)["etag"] != before)
    }
}
