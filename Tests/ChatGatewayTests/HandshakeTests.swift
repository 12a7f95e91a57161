import ChatCore
import ChatRuntime
import NIOHTTP1
import Testing

@testable import ChatGateway

@Suite struct HandshakeTests {
    private let handshake = Handshake(allowedOrigins: .only(["https://app.example.org"]))

    private func head(_ uri: String = "/ws", _ headers: [(String, String)] = []) -> HTTPRequestHead {
        HTTPRequestHead(version: .http1_1, method: .GET, uri: uri, headers: HTTPHeaders(headers))
    }

    private func status(_ head: HTTPRequestHead) -> HTTPResponseStatus? {
        do {
            _ = try handshake.read(head)
            return nil
        } catch {
            return error.status
        }
    }

    @Test func aTokenThatCannotBeCheckedIsNotCalledBad() {
        let bad = Handshake.Rejection.badToken(ChatError(.authRequired, "expired"))
        #expect(bad.status == .unauthorized)
        #expect(bad.headers.contains(name: "www-authenticate"))
        let unchecked = Handshake.Rejection.badToken(ChatError(.serviceUnavailable, "no keys"))
        #expect(unchecked.status == .serviceUnavailable)
        #expect(unchecked.headers["retry-after"] == ["1"])
        #expect(!unchecked.headers.contains(name: "www-authenticate"))
    }

    @Test func aClientThatOffersNothingIsAccepted() throws {
        let request = try handshake.read(head())
        #expect(request == Handshake.Request(token: nil, selectsSubprotocol: false, lastSeq: nil))
    }

    @Test func readsSubprotocolTokenAndCursor() throws {
        let browser = try handshake.read(
            head(
                "/ws?x=1",
                [("Sec-WebSocket-Protocol", "chat-engine.v2, bearer.a.b.c"), ("Chat-Engine-Last-Seq", "7")]
            )
        )
        #expect(browser == Handshake.Request(token: "a.b.c", selectsSubprotocol: true, lastSeq: 7))
        let native = try handshake.read(head("/ws", [("Authorization", "Bearer t")]))
        #expect(native.token == "t")
        let tokenOnly = try handshake.read(head("/ws", [("Sec-WebSocket-Protocol", "bearer.t")]))
        #expect(tokenOnly == Handshake.Request(token: "t", selectsSubprotocol: false, lastSeq: nil))
    }

    @Test func refusals() {
        #expect(status(head("/")) == .notFound)
        #expect(status(head("/wsx")) == .notFound)
        #expect(status(head("/ws", [("Sec-WebSocket-Protocol", "chat-engine.v1")])) == .badRequest)
        #expect(status(head("/ws", [("Sec-WebSocket-Protocol", "bearer.t, other")])) == .badRequest)
        #expect(status(head("/ws", [("Chat-Engine-Last-Seq", "-1")])) == .badRequest)
        #expect(status(head("/ws", [("Chat-Engine-Last-Seq", "99999999999999999999")])) == .badRequest)
        #expect(status(head("/ws", [("Authorization", "Basic abc")])) == .unauthorized)
        #expect(status(head("/ws", [("Origin", "https://evil.example.org")])) == .forbidden)
        #expect(status(head("/ws", [("Origin", "https://app.example.org")])) == nil)
        var post = head()
        post.method = .POST
        #expect(status(post) == .badRequest)
    }
}
