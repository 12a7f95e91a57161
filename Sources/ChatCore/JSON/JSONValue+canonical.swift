extension JSONValue {
    /// This value as JSON text in UTF-8 with the members of all objects by name: the same for values that say the same,
    /// whatever the order their members came in.
    public var canonicalBytes: [UInt8] {
        var writer = JSONWriter()
        writer.canonical(self)
        return writer.bytes
    }
}

extension JSONWriter {
    fileprivate mutating func canonical(_ value: JSONValue) {
        switch value {
        case .array(let elements):
            beginArray()
            for element in elements { canonical(element) }
            endArray()
        case .object(let members):
            beginObject()
            for (name, member) in members.sorted(by: { $0.name < $1.name }) {
                self.name(name)
                canonical(member)
            }
            endObject()
        case .null, .bool, .number, .string: self.value(value)
        }
    }
}
