/// Gives a session to another backend: `{session_id, session_type_id, available_capabilities}`.
public struct SwitchSessionTypeOperation: ChatOperation {
    let switchType: SwitchSessionType

    public struct Request: ReadableRequest, Hashable {
        public var sessionID: SessionID
        public var body: SwitchSessionTypeRequest

        public init(sessionID: SessionID, body: SwitchSessionTypeRequest) {
            self.sessionID = sessionID
            self.body = body
        }

        public init?(from reader: inout ObjectReader) {
            let sessionID = reader.sessionID()
            let body = SwitchSessionTypeRequest(from: &reader)
            guard let sessionID, let body else { return nil }
            self.init(sessionID: sessionID, body: body)
        }
    }

    public func callAsFunction(_ request: Request, caller: Caller) async throws -> OperationAnswer {
        try await self(request, caller: caller, traceparent: nil)
    }

    /// - Parameter traceparent: W3C `traceparent` of the request, passed on to the backend.
    public func callAsFunction(
        _ request: Request,
        caller: Caller,
        traceparent: String?
    ) async throws -> OperationAnswer {
        let session = try await switchType(
            request.sessionID,
            to: request.body.sessionTypeID,
            caller: caller,
            traceparent: traceparent
        )
        return OperationAnswer { writer in
            writer.beginObject()
            writer.name("session_id")
            writer.string(session.id.description)
            writer.name("session_type_id")
            writer.string(session.sessionTypeID.description)
            writer.availableCapabilities(of: session)
            writer.endObject()
        }
    }
}
