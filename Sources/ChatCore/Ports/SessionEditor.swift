/// Changes sessions that exist. Each change is written with its push event in one transaction; a change that changes
/// nothing writes nothing. Every look-up is by owner and id, so that a foreign session and an unknown one cannot be told
/// apart. Every method throws ``ChatError`` `SERVICE_UNAVAILABLE` when the database is out of reach.
public protocol SessionEditor: Sendable {
    /// Applies a JSON merge patch (RFC 7386) to the metadata.
    ///
    /// - Returns: `nil` when the client has no such session.
    /// - Throws: ``ChatError`` `INVALID_REQUEST` when the result is longer than ``maximumMetadataBytes``.
    func patchMetadata(_ patch: JSONObject, of session: SessionID, client: ClientID) async throws -> SessionEdit?

    /// Stores the type together with what its backend can do.
    ///
    /// - Returns: `nil` when the client has no such session.
    /// - Throws: ``ChatError`` `NOT_FOUND` when the type was deleted meanwhile.
    func switchType(
        of session: SessionID,
        client: ClientID,
        to type: SessionTypeID,
        capabilities: [Capability]
    ) async throws -> SessionEdit?

    /// Deletes the session with everything of it; its backend is told in the background.
    ///
    /// - Parameters:
    ///   - evenWhileStreaming: whether running streams are cut off with it; their owners find out when they next write.
    ///   - traceparent: W3C `traceparent` of the request, passed on to the backend.
    func deleteSession(
        _ id: SessionID,
        of client: ClientID,
        evenWhileStreaming: Bool,
        traceparent: String?
    ) async throws -> SessionDeletion
}

extension SessionEditor {
    /// Longest metadata a patch may lead to, as JSON text in UTF-8.
    public static var maximumMetadataBytes: Int { 1 << 20 }
}

/// A session after an edit.
public struct SessionEdit: Hashable, Sendable {
    public var session: Session
    /// Whether anything is different from before, and was told of.
    public var isChanged: Bool

    public init(session: Session, isChanged: Bool) {
        self.session = session
        self.isChanged = isChanged
    }
}

public enum SessionDeletion: Hashable, Sendable {
    case deleted, notFound
    /// Nothing was deleted: these messages are being streamed.
    case streaming([MessageID])
}
