/// Writes a session to a file: `{download_url, expires_at}`.
public struct ExportSessionOperation: ChatOperation {
    let exportSession: ExportSession

    public struct Request: ReadableRequest, Hashable {
        public var sessionID: SessionID
        public var body: ExportSession.Request

        public init(sessionID: SessionID, body: ExportSession.Request) {
            self.sessionID = sessionID
            self.body = body
        }

        public init?(from reader: inout ObjectReader) {
            let sessionID = reader.sessionID()
            let body = ExportSession.Request(from: &reader)
            guard let sessionID, let body else { return nil }
            self.init(sessionID: sessionID, body: body)
        }
    }

    public func callAsFunction(_ request: Request, caller: Caller) async throws -> OperationAnswer {
        let link = try await exportSession(request.body, of: request.sessionID, caller: caller)
        return OperationAnswer { writer in
            writer.beginObject()
            writer.name("download_url")
            writer.string(link.url)
            writer.name("expires_at")
            writer.string(link.expiresAt.description)
            writer.endObject()
        }
    }
}
