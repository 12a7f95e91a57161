internal import ChatCore
internal import ChatRuntime
internal import Hummingbird
internal import NIOCore

/// A request that has passed the edge: its route is known and its caller authenticated.
struct APIRequest: Sendable {
    let request: Request
    /// What the path's placeholders stand for.
    let parameters: Parameters
    let caller: Caller
    let trace: TraceContext
    /// Largest body accepted.
    let maximumBodyBytes: Int
    /// The connection it came on.
    let channel: any Channel
    /// Set when it came with an `Idempotency-Key`.
    var keyed: KeyedRequest?

    /// The `{id}` of the path, as it came.
    var pathID: Substring { parameters["id"] ?? "" }

    /// The `{id}` as it may be told back to the client.
    private var shownPathID: String { String(pathID.prefix(64)) }

    /// - Throws: ``ChatError`` `SESSION_NOT_FOUND` when the path's id is no UUID, as for an unknown one.
    func sessionID() throws(ChatError) -> SessionID {
        if let id = SessionID(pathID) { return id }
        throw ChatError(.sessionNotFound, "There is no such session.", resourceID: shownPathID)
    }

    /// - Throws: ``ChatError`` `MESSAGE_NOT_FOUND` when the path's id is no UUID, as for an unknown one.
    func messageID() throws(ChatError) -> MessageID {
        if let id = MessageID(pathID) { return id }
        throw ChatError(.messageNotFound, "There is no such message.", resourceID: shownPathID)
    }

    /// - Throws: ``ChatError`` `NOT_FOUND` when the path's id is no UUID, as for an unknown one.
    func sessionTypeID() throws(ChatError) -> SessionTypeID {
        if let id = SessionTypeID(pathID) { return id }
        throw .sessionTypeNotFound(shownPathID)
    }

    /// The query's parameters, to be read one by one.
    func query() -> QueryReader { QueryReader(request.uri.query ?? "") }

    /// The body as JSON.
    ///
    /// - Throws: ``ChatError`` `INVALID_REQUEST`, `PAYLOAD_TOO_LARGE` or `UNSUPPORTED_MEDIA_TYPE`.
    func body(mediaTypes: Set<String> = Request.jsonMediaTypes) async throws -> JSONValue {
        if let body = try await request.readJSON(maximumBytes: maximumBodyBytes, mediaTypes: mediaTypes) {
            return body
        }
        throw ChatError.invalid("", "A JSON body is expected.", .malformed)
    }

    /// The body as JSON; `nil` when there is none.
    ///
    /// - Throws: ``ChatError`` `INVALID_REQUEST`, `PAYLOAD_TOO_LARGE` or `UNSUPPORTED_MEDIA_TYPE`.
    func optionalBody() async throws -> JSONValue? {
        try await request.readJSON(maximumBytes: maximumBodyBytes)
    }

    /// Refuses a body that says anything: an empty object is as good as none.
    ///
    /// - Throws: ``ChatError`` `INVALID_REQUEST`, `PAYLOAD_TOO_LARGE` or `UNSUPPORTED_MEDIA_TYPE`.
    func expectEmptyBody() async throws {
        guard let body = try await optionalBody() else { return }
        var reader = try ObjectReader(body)
        try reader.finish()
    }
}

extension ChatError {
    static func sessionTypeNotFound(_ id: String) -> ChatError {
        ChatError(.notFound, "There is no such session type.", resourceID: id)
    }
}
