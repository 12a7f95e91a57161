extension ExchangeOutcome {
    /// Why an exchange was not begun, as the client is told.
    func refusal(session: SessionID, parent: MessageID?) -> ChatError {
        switch self {
        case .sessionNotFound: .sessionNotFound(session)
        case .parentNotFound:
            ChatError(.messageNotFound, "The parent is no message of this session.", resourceID: parent?.description)
        case .parentStreaming(let id):
            ChatError(.conflict, "The message to answer is still being streamed.", resourceID: id.description)
        case .parentNotForGuests:
            ChatError(
                .forbidden,
                "A guest's message hangs under the last one of the active path, or in the guest's own branch.",
                resourceID: parent?.description
            )
        case .waits: ChatError(.conflict, "The message to answer is still being streamed.")
        case .lineFull: .lineFull
        case .keyReused: ChatError(.conflict, "This id was used for another request.")
        case .begun, .repeated: ChatError(.conflict, "This request was carried out before.")
        }
    }
}

extension Session {
    /// The capabilities a request asks for by id.
    ///
    /// - Parameter field: the name of the request's field, for errors.
    /// - Throws: ``ChatError`` `INVALID_REQUEST` naming each id the session does not have.
    func capabilities(enabled ids: [String], field: String) throws(ChatError) -> [Capability] {
        var errors: [ValidationError] = []
        var capabilities: [Capability] = []
        for (index, id) in ids.enumerated() {
            if let capability = availableCapabilities.first(where: { $0.id == id }) {
                capabilities.append(capability)
            } else {
                let message = "The session has no such capability."
                errors.append(ValidationError(field: "\(field)[\(index)]", message: message, code: .invalidValue))
            }
        }
        guard errors.isEmpty else { throw .invalid(errors) }
        return capabilities
    }
}

extension ChatError {
    /// As many requests wait for the same message as may.
    static var lineFull: ChatError {
        ChatError(
            .rateLimitExceeded,
            "Too many requests wait for this message.",
            retryAfterSeconds: 1,
            limitType: "waiting"
        )
    }

    /// A request names a session type there is not.
    static func sessionTypeNotFound(_ id: SessionTypeID, field: String) -> ChatError {
        ChatError(
            .notFound,
            "There is no such session type.",
            validationErrors: [ValidationError(field: field, message: "It is unknown.", code: .invalidValue)],
            resourceID: id.description
        )
    }
}
