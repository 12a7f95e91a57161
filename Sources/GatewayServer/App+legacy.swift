import ChatAPI
import ChatCore
import ChatGateway
import ChatStorage

extension LegacyServices {
    /// The operations of the first protocol, joined from the parts that serve REST.
    init(
        database: PostgresClient,
        bell: OutboxBell,
        backend: any Backend,
        messages: any MessageStore,
        stopMessage: StopMessage,
        exporting: ExportingServices,
        publicBaseURL: String
    ) {
        let sessionTypes = SessionTypeRepository(client: database)
        let sessions = SessionRepository(client: database)
        let editor = AnnouncingSessionEditor(SessionEditRepository(client: database), bell: bell)
        self.init(
            operations: ChatOperations(
                sessions: sessions,
                messages: messages,
                tree: MessageTreeRepository(client: database),
                search: SearchRepository(client: database),
                shares: ShareRepository(client: database),
                createSession: CreateSession(sessionTypes: sessionTypes, sessions: sessions, backend: backend),
                switchType: SwitchSessionType(
                    sessionTypes: sessionTypes,
                    sessions: sessions,
                    editor: editor,
                    backend: backend
                ),
                deleteSession: DeleteSession(editor: editor, stopMessage: stopMessage),
                stopMessage: stopMessage,
                exportSession: exporting.exportSession,
                publicBaseURL: publicBaseURL
            ),
            keptAnswers: KeptAnswerRepository(client: database),
            sealingKey: { RepetitionKey($0, clientID: $1) }
        )
    }
}
