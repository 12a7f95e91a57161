internal import ChatCore

extension RESTServices {
    /// What is served over the WebSocket as well.
    func operations(publicBaseURL: String) -> ChatOperations {
        ChatOperations(
            sessions: sessions,
            messages: messages,
            tree: editing.tree,
            search: search,
            shares: shares,
            createSession: createSession,
            switchType: editing.switchType,
            deleteSession: editing.deleteSession,
            stopMessage: stopMessage,
            exportSession: exporting.exportSession,
            publicBaseURL: publicBaseURL
        )
    }
}
