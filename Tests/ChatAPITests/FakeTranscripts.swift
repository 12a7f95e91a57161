import ChatCore

/// Sessions of one page.
struct FakeTranscripts: TranscriptStore {
    let database: FakeDatabase

    func transcript(of session: SessionID, client: ClientID, scope: ExportScope) async throws -> Transcript? {
        try database.use { content in
            content.sessions.first { $0.id == session && $0.clientID == client }.map {
                Transcript(session: $0, scope: scope, lastMessageID: content.messages.last?.id)
            }
        }
    }

    func page(of transcript: Transcript, after position: TranscriptPosition?) async throws -> TranscriptPage? {
        try database.use { content in
            let messages = content.messages.filter { $0.sessionID == transcript.session.id }
            return TranscriptPage(messages: messages, next: nil)
        }
    }
}
