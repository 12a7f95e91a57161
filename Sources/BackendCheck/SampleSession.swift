import ChatBackends
import ChatCore

/// A call the engine would make.
struct CheckEvent: Sendable {
    var name: String
    var body: [UInt8]
}

/// A session that exists for the check alone, and the events the engine would send about it.
struct SampleSession: Sendable {
    let sessionType: SessionType
    let id = SessionID.make()
    private let clientID: ClientID

    /// - Throws: ``CheckFailure``, which does not happen: the client's id is a constant.
    init(url: String) throws {
        sessionType = SessionType(
            id: .make(),
            name: "backend check",
            webhookURL: url,
            summarization: SessionType.Summarization(enabled: true, settings: ["max_words": 50])
        )
        guard let clientID = ClientID("chat-engine-backend-check") else { throw CheckFailure("no client id") }
        self.clientID = clientID
    }

    func created(previous: SessionTypeID? = nil) -> CheckEvent {
        let notice = SessionCreatedNotice(
            sessionType: sessionType,
            sessionID: id,
            clientID: clientID,
            previousSessionTypeID: previous
        )
        return CheckEvent(name: "session.created", body: BackendContract.body(of: notice, at: .now))
    }

    func new(
        _ content: [ContentPart],
        fileURLs: [String] = [],
        capabilities: [Capability] = [],
        history: [Message] = []
    ) -> CheckEvent {
        event(
            "message.new",
            .new(messageID: .make(), content: content, fileURLs: fileURLs),
            capabilities: capabilities,
            history: history
        )
    }

    func recreate(_ history: [Message]) -> CheckEvent {
        event("message.recreate", .recreate(messageID: .make()), capabilities: [], history: history)
    }

    private func event(
        _ name: String,
        _ kind: AnswerRequest.Kind,
        capabilities: [Capability],
        history: [Message]
    ) -> CheckEvent {
        let request = AnswerRequest(
            kind: kind,
            sessionType: sessionType,
            sessionID: id,
            responseMessageID: .make(),
            sessionMetadata: ["title": "Backend check", "tags": ["check"]],
            enabledCapabilities: capabilities,
            history: history
        )
        return CheckEvent(name: name, body: BackendContract.body(of: request, at: .now))
    }

    func summary(_ history: [Message]) -> CheckEvent {
        event("session.summary", .summary, capabilities: [], history: history)
    }

    var healthCheck: CheckEvent {
        CheckEvent(
            name: "session_type.health_check",
            body: BackendContract.healthCheckBody(of: sessionType, at: .now)
        )
    }

    func aborted(_ message: MessageID) -> CheckEvent {
        background(.messageAborted(message, partialContent: [.text("One, two, thr")]))
    }

    var deleted: CheckEvent { background(.sessionDeleted) }

    func reaction(_ reaction: Reaction, to message: MessageID, previous: Reaction) -> CheckEvent {
        background(.messageReaction(message, user: clientID, reaction, previous: previous))
    }

    private func background(_ kind: BackgroundEvent.Kind) -> CheckEvent {
        let event = BackgroundEvent(kind, in: id, at: .now)
        return CheckEvent(name: event.name.rawValue, body: BackendContract.body(of: event))
    }

    /// An event that no version of the engine sends.
    var unknown: CheckEvent {
        let name = "backend_check.unknown"
        let body: JSONValue = [
            "event": .string(name), "timestamp": .string(Timestamp.now.description),
            "session_id": .string(id.description),
        ]
        return CheckEvent(name: name, body: body.bytes)
    }

    /// One path of messages, a question and an answer in turn, each with this text; the last one is a question when
    /// `count` is odd.
    func history(_ count: Int, text: String) -> [Message] {
        var parent: MessageID?
        return (0..<count).map { index in
            let message = Message(
                id: .make(),
                sessionID: id,
                parentMessageID: parent,
                role: index.isMultiple(of: 2) ? .user : .assistant,
                content: [.text(text)],
                fileURLs: [],
                variantIndex: 0,
                totalVariants: 1,
                isActive: true,
                state: .complete,
                authorID: clientID.rawValue,
                sessionTypeID: sessionType.id,
                metadata: [:],
                createdAt: .now
            )
            parent = message.id
            return message
        }
    }
}

extension CheckEvent {
    /// The same with fields that no contract names, at the top and inside.
    func withUnknownFields() throws -> CheckEvent {
        guard case .object(var members) = try JSONParser.parse(body) else { return self }
        members["backend_check_field"] = ["nested": [1, 2, nil]]
        if case .object(var message)? = members["message"] {
            message["backend_check_field"] = true
            members["message"] = .object(message)
        }
        if case .array(let history)? = members["history"] {
            members["history"] = .array(
                history.map { entry in
                    guard case .object(var message) = entry else { return entry }
                    message["backend_check_field"] = "?"
                    return .object(message)
                }
            )
        }
        return CheckEvent(name: name, body: JSONValue.object(members).bytes)
    }
}
