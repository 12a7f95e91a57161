import ChatCore
import TestSupport
import Testing

/// Both searches over REST, on real processes.
@Suite(.timeLimit(.minutes(5)))
struct SearchTests {
    @Test("What is said on a gateway is found on every REST node")
    func conversation() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect()
            let answer = try await socket.converse("the hedgehogs were running", in: session)
            for node in 0..<2 {
                let found = try await client.api(node).get("/api/v1/sessions/\(session)/search?query=hedgehog+run")
                #expect(found.status == 200)
                #expect(found["total"] == 2)
                #expect(found["limit"] == 20)
                #expect(found["offset"] == 0)
                #expect(found["next_cursor"] == .null)
                let results = try #require(found["results"]?.arrayValue)
                // The answer is newer than the question it repeats.
                #expect(results.map { $0["message_id"]?.stringValue } == [answer.messageID, answer.userMessageID])
                #expect(results.allSatisfy { $0["content"] == "the «hedgehogs» were «running»" })
                #expect(results.first?["context"] == "user: the hedgehogs were running")
                #expect(results.first?["role"] == "assistant")

                let sessions = try await client.api(node).get("/api/v1/search?query=hedgehog%20run")
                #expect(sessions.status == 200)
                #expect(sessions["total"] == 1)
                #expect(sessions["results"]?.arrayValue?.first?["session_id"]?.stringValue == session)
                #expect(sessions["results"]?.arrayValue?.first?["matched_messages"]?.arrayValue == results)
            }
        }
    }

    @Test("Pages go on with the cursor, and a cursor of another search is refused")
    func pages() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect()
            for word in ["one", "two"] { _ = try await socket.converse("badger \(word)", in: session) }
            let path = "/api/v1/sessions/\(session)/search"
            var ids: [String] = []
            var next = "?query=badger&limit=3"
            for expected in [3, 1] {
                let page = try await client.api().get(path + next)
                let results = page["results"]?.arrayValue ?? []
                #expect(results.count == expected)
                #expect(page["total"] == 4)
                #expect(page["offset"] == .number(JSONNumber(ids.count)))
                ids += results.compactMap { $0["message_id"]?.stringValue }
                next = "?query=badger&limit=3&cursor=\(page["next_cursor"]?.stringValue ?? "")"
            }
            #expect(Set(ids).count == 4)
            let first = try await client.api().get("\(path)?query=badger&limit=1")
            let cursor = try #require(first["next_cursor"]?.stringValue)
            for other in ["\(path)?query=otter&cursor=\(cursor)", "/api/v1/search?query=badger&cursor=\(cursor)"] {
                let refused = try await client.api().get(other)
                #expect(refused.status == 400)
                #expect(refused.errorCode == "INVALID_REQUEST")
            }
        }
    }

    @Test("A stranger finds nothing, in a session or across them")
    func strangers() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect()
            _ = try await socket.converse("a secret hedgehog", in: session)
            let stranger = try await TestClient(of: cluster)
            let refused = try await stranger.api().get("/api/v1/sessions/\(session)/search?query=secret")
            #expect(refused.status == 404)
            #expect(refused.errorCode == "SESSION_NOT_FOUND")
            let found = try await stranger.api().get("/api/v1/search?query=secret")
            #expect(found.status == 200)
            #expect(found["total"] == 0)
        }
    }

    @Test("Text without spaces is found over REST, by substrings")
    func substrings() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect()
            _ = try await socket.converse("東京タワーは港区にある", in: session)
            // 港区
            let found = try await client.api().get("/api/v1/sessions/\(session)/search?query=%E6%B8%AF%E5%8C%BA")
            #expect(found.status == 200)
            #expect(found["total"] == 2)
            #expect(found["results"]?.arrayValue?.first?["content"] == "東京タワーは«港区»にある")
        }
    }
}
