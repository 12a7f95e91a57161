/// One running process.
public struct Node: Hashable, Sendable {
    public enum Role: String, Sendable {
        case api, gateway, bus
    }

    /// This run of the process.
    public var id: NodeID
    /// The configured `NODE_ID`, for people.
    public var name: String
    public var role: Role

    public init(id: NodeID, name: String, role: Role) {
        self.id = id
        self.name = name
        self.role = role
    }
}
