extension JSONObject {
    /// This object after a JSON merge patch (RFC 7386, section 2). What the patch leaves alone keeps its place.
    public func merged(with patch: JSONObject) -> JSONObject {
        var members: [(String, JSONValue)] = []
        members.reserveCapacity(count + patch.count)
        for (name, value) in self {
            guard let change = patch[name] else {
                members.append((name, value))
                continue
            }
            if change != .null { members.append((name, value.merged(with: change))) }
        }
        for (name, change) in patch where self[name] == nil && change != .null {
            members.append((name, JSONValue.null.merged(with: change)))
        }
        return JSONObject(members)
    }
}

extension JSONValue {
    /// This value after a JSON merge patch (RFC 7386, section 2). It recurses as deep as the patch, which the parser
    /// bounds.
    public func merged(with patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        return .object((objectValue ?? [:]).merged(with: changes))
    }
}
