extension JSONWriter {
    /// Writes the Session shape: what `Session.json` says, without building it first.
    public mutating func session(_ session: Session) {
        beginObject()
        name("session_id")
        string(session.id.description)
        name("client_id")
        string(session.clientID.rawValue)
        name("session_type_id")
        string(session.sessionTypeID.description)
        availableCapabilities(of: session)
        name("metadata")
        object(session.metadata)
        name("created_at")
        string(session.createdAt.description)
        name("updated_at")
        string(session.updatedAt.description)
        endObject()
    }

    mutating func availableCapabilities(of session: Session) {
        name("available_capabilities")
        beginArray()
        for capability in session.availableCapabilities { object(capability.object) }
        endArray()
    }

    /// Writes the `next_cursor` of a page.
    public mutating func nextCursor(_ cursor: PageCursor?) {
        name("next_cursor")
        if let cursor {
            string(CursorToken.text(of: cursor))
        } else {
            literal("null")
        }
    }

    mutating func object(_ object: JSONObject) {
        beginObject()
        for (name, value) in object {
            self.name(name)
            self.value(value)
        }
        endObject()
    }
}
