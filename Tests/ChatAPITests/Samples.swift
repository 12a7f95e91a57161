import ChatCore

/// Things to put into the database.
enum Sample {
    static let moment = Timestamp(microsecondsSince1970: 1_770_287_400_123_456)

    static func client(_ name: String) throws -> ClientID {
        guard let client = ClientID(name) else { throw ChatError(.internalError, "no client id: \(name)") }
        return client
    }

    static func sessionType(id: SessionTypeID = .make()) -> SessionType {
        SessionType(
            id: id,
            name: "Echo",
            description: "Says it again.",
            webhookURL: "https://echo.example/hook",
            webhookSecret: "whsec-42",
            historyLimit: 10,
            summarization: SessionType.Summarization(enabled: true),
            meta: ["team": "a"]
        )
    }

    static func session(of name: String = "alice", type: SessionTypeID = .make()) throws -> Session {
        Session(
            id: .make(),
            clientID: try client(name),
            sessionTypeID: type,
            availableCapabilities: [Capability(["id": "search", "title": "Sök"])].compactMap { $0 },
            metadata: ["title": "A \"quoted\" talk", "tags": ["a", 1, nil, false]],
            createdAt: moment,
            updatedAt: moment.advanced(bySeconds: 1)
        )
    }

    static func message(
        in session: Session,
        role: Message.Role = .user,
        state: Message.State = .complete,
        parent: MessageID? = nil,
        content: [ContentPart] = [.text("Hello\nthere")]
    ) -> Message {
        Message(
            id: .make(),
            sessionID: session.id,
            parentMessageID: parent,
            role: role,
            content: content,
            fileURLs: ["https://files.example/a.pdf"],
            variantIndex: 1,
            totalVariants: 2,
            isActive: true,
            state: state,
            authorID: session.clientID.rawValue,
            sessionTypeID: session.sessionTypeID,
            metadata: ["usage": ["input_tokens": 3, "output_tokens": 4]],
            createdAt: moment
        )
    }
}
