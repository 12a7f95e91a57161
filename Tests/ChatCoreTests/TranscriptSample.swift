@testable import ChatCore

/// A session and messages of it to render.
struct TranscriptSample {
    static let moment = Timestamp(microsecondsSince1970: 1_770_287_400_123_456)

    var session: Session
    var scope: ExportScope

    init(scope: ExportScope = .active, metadata: JSONObject = ["title": "A *talk*"]) throws {
        guard let client = ClientID("alice") else { throw ChatError(.internalError, "no client id") }
        self.scope = scope
        session = Session(
            id: .make(),
            clientID: client,
            sessionTypeID: .make(),
            availableCapabilities: [],
            metadata: metadata,
            createdAt: Self.moment,
            updatedAt: Self.moment
        )
    }

    var transcript: Transcript { Transcript(session: session, scope: scope, lastMessageID: .make()) }

    func message(
        _ role: Message.Role,
        _ content: [ContentPart],
        fileURLs: [String] = [],
        state: Message.State = .complete,
        parent: MessageID? = nil
    ) -> Message {
        Message(
            id: .make(),
            sessionID: session.id,
            parentMessageID: parent,
            role: role,
            content: content,
            fileURLs: fileURLs,
            variantIndex: 0,
            totalVariants: 1,
            isActive: true,
            state: state,
            authorID: "alice",
            sessionTypeID: session.sessionTypeID,
            metadata: [:],
            createdAt: Self.moment
        )
    }

    func rendered(_ format: ExportFormat, _ messages: [Message]) -> String {
        var renderer = format.renderer
        var bytes = renderer.begin(transcript, exportedAt: Self.moment)
        bytes += renderer.messages(messages)
        bytes += renderer.end()
        return String(decoding: bytes, as: UTF8.self)
    }
}
