/// Something a backend says it can do: whatever object it gave, with at least an `id`, stored and forwarded as it is.
public struct Capability: Hashable, Sendable {
    public let id: String
    public let object: JSONObject

    /// `nil` when the value is no object with a non-empty text `id`.
    public init?(_ json: JSONValue) {
        guard case .object(let object) = json, case .string(let id)? = object["id"], !id.isEmpty else { return nil }
        self.id = id
        self.object = object
    }

    public var json: JSONValue { .object(object) }
}
