/// The operations that REST has in common with the first protocol of the WebSocket.
public struct ChatOperations: Sendable {
    public let createSession: CreateSessionOperation
    public let getSession: GetSessionOperation
    public let deleteSession: DeleteSessionOperation
    public let switchSessionType: SwitchSessionTypeOperation
    public let exportSession: ExportSessionOperation
    public let shareSession: ShareSessionOperation
    public let readShare: ReadShareOperation
    public let searchMessages: SearchMessagesOperation
    public let searchSessions: SearchSessionsOperation
    public let listMessages: ListMessagesOperation
    public let getMessage: GetMessageOperation
    public let stopMessage: StopMessageOperation
    public let listVariants: ListVariantsOperation

    /// - Parameter publicBaseURL: what share URLs begin with, without a slash at its end.
    public init(
        sessions: any SessionStore,
        messages: any MessageStore,
        tree: any MessageTreeStore,
        search: any SearchStore,
        shares: any ShareStore,
        createSession: CreateSession,
        switchType: SwitchSessionType,
        deleteSession: DeleteSession,
        stopMessage: StopMessage,
        exportSession: ExportSession,
        publicBaseURL: String
    ) {
        self.createSession = CreateSessionOperation(createSession: createSession)
        getSession = GetSessionOperation(sessions: sessions)
        self.deleteSession = DeleteSessionOperation(deleteSession: deleteSession)
        switchSessionType = SwitchSessionTypeOperation(switchType: switchType)
        self.exportSession = ExportSessionOperation(exportSession: exportSession)
        shareSession = ShareSessionOperation(
            shareSession: ShareSession(shares: shares),
            publicBaseURL: publicBaseURL
        )
        readShare = ReadShareOperation(openShare: OpenShare(shares: shares), messages: messages)
        searchMessages = SearchMessagesOperation(search: search)
        searchSessions = SearchSessionsOperation(search: search)
        listMessages = ListMessagesOperation(messages: messages)
        getMessage = GetMessageOperation(messages: messages)
        self.stopMessage = StopMessageOperation(stopMessage: stopMessage)
        listVariants = ListVariantsOperation(tree: tree)
    }
}
