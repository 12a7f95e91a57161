internal import ChatCore

/// What a backend is told or asked (`contract/webhook.md`); the member `event` of the body.
enum WebhookEvent: String, CaseIterable, Sendable {
    case sessionCreated = "session.created"
    case messageNew = "message.new"
    case messageRecreate = "message.recreate"
    case sessionSummary = "session.summary"
    case healthCheck = "session_type.health_check"
    case messageAborted = "message.aborted"
    case sessionDeleted = "session.deleted"
    case messageReaction = "message.reaction"
}

extension SessionType {
    /// The body of `session_type.health_check`.
    func healthCheckBody(at time: Timestamp) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("event", WebhookEvent.healthCheck.rawValue)
        writer.member("timestamp", time.description)
        writer.member("session_type_id", id.description)
        writer.endObject()
        return writer.bytes
    }
}

extension SessionCreatedNotice {
    /// The body of `session.created`.
    func body(at time: Timestamp) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("event", WebhookEvent.sessionCreated.rawValue)
        writer.member("timestamp", time.description)
        writer.member("session_id", sessionID.description)
        writer.member("session_type_id", sessionType.id.description)
        writer.member("client_id", clientID.rawValue)
        if let previousSessionTypeID { writer.member("previous_session_type_id", previousSessionTypeID.description) }
        writer.endObject()
        return writer.bytes
    }
}

extension AnswerRequest {
    var event: WebhookEvent {
        switch kind {
        case .new: .messageNew
        case .recreate: .messageRecreate
        case .summary: .sessionSummary
        }
    }

    /// Where it goes: a summary to the service that the session type has for them, if it has one.
    var url: String {
        switch kind {
        case .new, .recreate: sessionType.webhookURL
        case .summary: sessionType.summarization?.serviceURL ?? sessionType.webhookURL
        }
    }

    /// The body of `message.new`, `message.recreate` or `session.summary`.
    func body(at time: Timestamp) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: 1024 + 512 * history.count)
        writer.beginObject()
        writer.member("event", event.rawValue)
        writer.member("timestamp", time.description)
        writer.member("session_id", sessionID.description)
        switch kind {
        case .new(let messageID, _, _), .recreate(let messageID):
            writer.member("message_id", messageID.description)
            writer.member("response_message_id", responseMessageID.description)
            writer.name("session_metadata")
            writer.value(.object(sessionMetadata))
        case .summary:
            writer.name("summarization_settings")
            writer.value(.object(sessionType.summarization?.settings ?? [:]))
        }
        writer.name("enabled_capabilities")
        writer.array(enabledCapabilities.map(\.json))
        if case .new(_, let content, let fileURLs) = kind {
            writer.name("message")
            writer.beginObject()
            writer.member("role", Message.Role.user.rawValue)
            writer.name("content")
            writer.array(content.map(\.json))
            writer.name("file_urls")
            writer.array(fileURLs.map { .string($0) })
            writer.endObject()
        }
        writer.name("history")
        writer.array(history.lazy.map(\.json))
        writer.endObject()
        return writer.bytes
    }
}

extension BackgroundEvent {
    var event: WebhookEvent {
        switch name {
        case .messageAborted: .messageAborted
        case .sessionDeleted: .sessionDeleted
        case .messageReaction: .messageReaction
        }
    }

    /// The body of `message.aborted`, `session.deleted` or `message.reaction`; the same whenever it is sent.
    var body: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("event", event.rawValue)
        writer.member("timestamp", happenedAt.description)
        writer.member("session_id", sessionID.description)
        switch kind {
        case .messageAborted(let message, let partialContent):
            writer.member("message_id", message.description)
            writer.name("partial_content")
            writer.array(partialContent.map(\.json))
        case .sessionDeleted:
            break
        case .messageReaction(let message, let user, let reaction, let previous):
            writer.member("message_id", message.description)
            writer.member("user_id", user.rawValue)
            writer.member("reaction_type", reaction.rawValue)
            writer.member("previous_reaction_type", previous.rawValue)
        }
        writer.endObject()
        return writer.bytes
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: String, _ text: String) {
        self.name(name)
        string(text)
    }

    fileprivate mutating func array(_ elements: some Sequence<JSONValue>) {
        beginArray()
        for element in elements { value(element) }
        endArray()
    }
}
