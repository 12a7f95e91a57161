/// Opens a session with the backend of a session type: the backend is asked first, and when it fails nothing is stored.
public struct CreateSession: Sendable {
    private let sessionTypes: any SessionTypeStore
    private let sessions: any SessionStore
    private let backend: any Backend

    public init(sessionTypes: any SessionTypeStore, sessions: any SessionStore, backend: any Backend) {
        self.sessionTypes = sessionTypes
        self.sessions = sessions
        self.backend = backend
    }

    public struct Request: ReadableRequest, Hashable {
        public var sessionTypeID: SessionTypeID
        public var clientID: String?
        public var metadata: JSONObject

        public init?(from reader: inout ObjectReader) {
            let sessionTypeID = reader.identifier("session_type_id", required: true, as: SessionTypeID.self)
            clientID = reader.string("client_id", maximumBytes: ClientID.maximumBytes)
            metadata = reader.object("metadata") ?? [:]
            guard let sessionTypeID else { return nil }
            self.sessionTypeID = sessionTypeID
        }
    }

    /// - Parameters:
    ///   - traceparent: W3C `traceparent` of the request, passed on to the backend.
    ///   - keyed: set when the request may be sent again: the session that an earlier attempt has stored is its answer.
    /// - Throws: ``ChatError``: `FORBIDDEN` when the request names another client, `NOT_FOUND` for an unknown session
    ///   type, `BACKEND_ERROR` or `BACKEND_TIMEOUT` when the backend fails, `SERVICE_UNAVAILABLE`.
    public func callAsFunction(
        _ request: Request,
        caller: Caller,
        traceparent: String? = nil,
        keyed: KeyedRequest? = nil
    ) async throws -> Session {
        if let clientID = request.clientID, ClientID(clientID) != caller.clientID {
            throw ChatError(
                .forbidden,
                "A session can be created for the caller alone.",
                validationErrors: [
                    ValidationError(field: "client_id", message: "It is not the caller's.", code: .invalidValue)
                ]
            )
        }
        if let keyed, let session = try await sessions.session(keyed.makeID(), of: caller.clientID) { return session }
        guard let type = try await sessionTypes.sessionType(request.sessionTypeID) else {
            throw ChatError.sessionTypeNotFound(request.sessionTypeID, field: "session_type_id")
        }
        let now = Timestamp.now
        let id = keyed?.makeID() ?? SessionID.make(at: now)
        let capabilities = try await backend.sessionCreated(
            SessionCreatedNotice(
                sessionType: type,
                sessionID: id,
                clientID: caller.clientID,
                traceparent: traceparent
            )
        )
        let session = Session(
            id: id,
            clientID: caller.clientID,
            sessionTypeID: type.id,
            availableCapabilities: capabilities,
            metadata: request.metadata,
            createdAt: now,
            updatedAt: now
        )
        return try await sessions.createSession(session)
    }
}
