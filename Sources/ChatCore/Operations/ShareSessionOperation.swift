/// Gives out leave to read a session: `{share_token, share_url, expires_at}`.
public struct ShareSessionOperation: ChatOperation {
    let shareSession: ShareSession
    let publicBaseURL: String

    public struct Request: ReadableRequest, Hashable {
        public var sessionID: SessionID
        public var body: ShareSession.Request

        public init(sessionID: SessionID, body: ShareSession.Request) {
            self.sessionID = sessionID
            self.body = body
        }

        public init?(from reader: inout ObjectReader) {
            let sessionID = reader.sessionID()
            let body = ShareSession.Request(from: &reader)
            guard let sessionID else { return nil }
            self.init(sessionID: sessionID, body: body)
        }
    }

    public func callAsFunction(_ request: Request, caller: Caller) async throws -> OperationAnswer {
        try await self(request, caller: caller, keyed: nil)
    }

    /// - Parameter keyed: set when the request may be sent again.
    public func callAsFunction(
        _ request: Request,
        caller: Caller,
        keyed: KeyedRequest?
    ) async throws -> OperationAnswer {
        let share = try await shareSession(request.body, session: request.sessionID, caller: caller, keyed: keyed)
        return OperationAnswer(location: "/sessions/\(request.sessionID)/shares/\(share.id)") { writer in
            writer.beginObject()
            writer.name("share_token")
            writer.string(share.token.text)
            writer.name("share_url")
            writer.string("\(publicBaseURL)\(RESTPath.base)/share/\(share.token.text)")
            writer.name("expires_at")
            if let end = share.expiresAt {
                writer.string(end.description)
            } else {
                writer.literal("null")
            }
            writer.endObject()
        }
    }
}
