import ChatCore
import ChatRuntime
import NIOCore
import NIOHTTP1

/// Decides on a client's opening handshake (`contract/websocket.md`, 'Connecting').
package struct Handshake: Sendable {
    static let path = "/ws"
    static let subprotocol = "chat-engine.v2"
    /// In front of a token that a browser offers as a subprotocol.
    static let tokenPrefix = "bearer."
    static let lastSeqHeader = "chat-engine-last-seq"

    /// What the client asked for, as far as the request's head tells.
    package struct Request: Equatable, Sendable {
        /// `nil`: the token comes as the first message.
        var token: String?
        var selectsSubprotocol: Bool
        var lastSeq: Int64?
    }

    /// Why there is no upgrade.
    package struct Rejection: Error, Sendable {
        var status: HTTPResponseStatus
        var error: ChatError
        var headers: HTTPHeaders = [:]

        static let noSuchPath = Rejection(status: .notFound, error: ChatError(.notFound, "There is no such resource."))
        static let noUpgrade = Rejection(
            status: .badRequest,
            error: ChatError(.invalidRequest, "A WebSocket handshake is expected, version 13.")
        )
        static let badSubprotocol = Rejection(
            status: .badRequest,
            error: .invalid("sec-websocket-protocol", "None of the subprotocols is known.", .invalidValue)
        )
        static let badLastSeq = Rejection(
            status: .badRequest,
            error: .invalid(lastSeqHeader, "A whole number, 0 or more, is expected.", .malformed)
        )
        static let foreignOrigin = Rejection(
            status: .forbidden,
            error: ChatError(.forbidden, "This origin may not connect.")
        )

        static let goingAway = Rejection(
            status: .serviceUnavailable,
            error: .goingAway,
            headers: ["retry-after": "1"]
        )

        /// The token is bad, or cannot be checked just now.
        static func badToken(_ error: ChatError) -> Rejection {
            guard error.code != .serviceUnavailable else {
                return Rejection(status: .serviceUnavailable, error: error, headers: ["retry-after": "1"])
            }
            return Rejection(
                status: .unauthorized,
                error: error,
                headers: ["www-authenticate": "Bearer error=\"invalid_token\""]
            )
        }
    }

    let allowedOrigins: AllowedOrigins

    func read(_ head: HTTPRequestHead) throws(Rejection) -> Request {
        guard head.uri == Self.path || head.uri.hasPrefix(Self.path + "?") else { throw .noSuchPath }
        guard head.method == .GET else { throw .noUpgrade }
        for origin in head.headers["origin"] where !allowedOrigins.allows(origin) { throw .foreignOrigin }

        var request = Request(token: nil, selectsSubprotocol: false, lastSeq: nil)
        let offered = head.headers[canonicalForm: "sec-websocket-protocol"].map(String.init).filter { !$0.isEmpty }
        for name in offered where name.hasPrefix(Self.tokenPrefix) {
            request.token = String(name.dropFirst(Self.tokenPrefix.count))
        }
        request.selectsSubprotocol = offered.contains(Self.subprotocol)
        let others = offered.filter { !$0.hasPrefix(Self.tokenPrefix) }
        guard others.isEmpty || request.selectsSubprotocol else { throw .badSubprotocol }

        if let authorization = head.headers.first(name: "authorization") {
            guard let token = BearerToken.parse(authorizationHeader: authorization) else {
                throw .badToken(ChatError(.authRequired, "The Authorization header carries no bearer token."))
            }
            request.token = token
        }
        if let text = head.headers.first(name: Self.lastSeqHeader) {
            guard let lastSeq = Int64(text), lastSeq >= 0 else { throw .badLastSeq }
            request.lastSeq = lastSeq
        }
        return request
    }
}
