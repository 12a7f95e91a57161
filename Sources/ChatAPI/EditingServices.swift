public import ChatCore

/// What the operations that change sessions and their trees need.
public struct EditingServices: Sendable {
    let editor: any SessionEditor
    let tree: any MessageTreeStore
    let reactions: any ReactionStore
    let deleteSession: DeleteSession
    let switchType: SwitchSessionType

    public init(
        editor: any SessionEditor,
        tree: any MessageTreeStore,
        reactions: any ReactionStore,
        deleteSession: DeleteSession,
        switchType: SwitchSessionType
    ) {
        self.editor = editor
        self.tree = tree
        self.reactions = reactions
        self.deleteSession = deleteSession
        self.switchType = switchType
    }
}
