import ChatCore
import Hummingbird
import Testing

@testable import ChatAPI

@Suite struct RepetitionKeyTests {
    private let key: RepetitionKey
    private let request: RepeatableRequest

    init() throws {
        key = try #require(RepetitionKey("k-1", clientID: try Sample.client("alice")))
        request = key.request(method: "POST", address: "/a", body: Array("{}".utf8))
    }

    @Test func equalRequestsAreEqual() throws {
        #expect(key.request(method: "POST", address: "/a", body: Array("{}".utf8)) == request)
        #expect(request.key.count == 32)
        #expect(request.digest.count == 32)
    }

    @Test func everyPartOfARequestCounts() throws {
        let others = [
            key.request(method: "PUT", address: "/a", body: Array("{}".utf8)),
            key.request(method: "POST", address: "/b", body: Array("{}".utf8)),
            key.request(method: "POST", address: "/a", body: Array("{ }".utf8)),
            key.request(method: "POST", address: "/a\n{}", body: []),
        ]
        for other in others {
            #expect(other.key == request.key)
            #expect(other.digest != request.digest)
        }
        for (text, client) in [("k-2", "alice"), ("k-1", "bob")] {
            let other = try #require(RepetitionKey(text, clientID: try Sample.client(client)))
                .request(method: "POST", address: "/a", body: Array("{}".utf8))
            #expect(other.key != request.key)
            #expect(other.digest != request.digest)
        }
    }

    @Test func onlyTheKeyOpensTheSeal() throws {
        let sealed = try key.seal([1, 2, 3], to: request)
        #expect(try key.open(sealed, of: request) == [1, 2, 3])
        #expect(try key.seal([1, 2, 3], to: request) != sealed)
        let other = try #require(RepetitionKey("k-2", clientID: try Sample.client("alice")))
        #expect(throws: (any Error).self) { try other.open(sealed, of: request) }
        let elsewhere = key.request(method: "POST", address: "/b", body: [])
        #expect(throws: (any Error).self) { try key.open(sealed, of: elsewhere) }
        #expect(throws: (any Error).self) { try key.open(Array(sealed.dropLast()), of: request) }
        #expect(throws: (any Error).self) { try key.open([], of: request) }
    }

    @Test func anAnswerIsKeptWithWhatBelongsToIt() async throws {
        let response = Answer.created(["a": "line\nfeed"], at: "/here")
        let kept = try #require(try await KeptAnswer(response, requestID: "first"))
        let again = try #require(KeptAnswer(kept.bytes)).response
        #expect(again.status == .created)
        #expect(again.headers[.location] == "/here")
        #expect(again.headers[.contentType] == "application/json; charset=utf-8")
        #expect(again.headers[.requestID] == "first")
        #expect(again.body.contentLength == response.body.contentLength)
        for bytes in ["", "\n", "{}\n", #"{"status":99,"headers":[],"request_id":"x"}"# + "\n"] {
            #expect(KeptAnswer(Array(bytes.utf8)) == nil)
        }
    }

    @Test func whatIsStreamedIsNotKept() async throws {
        let streamed = Response(status: .ok, body: ResponseBody { try await $0.finish(nil) })
        #expect(try await KeptAnswer(streamed, requestID: "first") == nil)
    }
}
