import ChatCore

extension JSONValue {
    /// The same value with the members of all its objects by name: two values that say the same are equal then.
    var sorted: JSONValue {
        switch self {
        case .object(let members):
            .object(JSONObject(members.sorted { $0.name < $1.name }.map { ($0.name, $0.value.sorted) }))
        case .array(let elements):
            .array(elements.map(\.sorted))
        default:
            self
        }
    }
}
