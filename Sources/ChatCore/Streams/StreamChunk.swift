/// One piece of an answer, exactly as the backend sent it.
public struct StreamChunk: Hashable, Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        case text, code, image, audio, video, document
    }

    public var kind: Kind
    /// Text or code to append, or the URL of the other kinds.
    public var content: String
    /// The `chunk` object as it goes to clients: JSON text with `type`, `content` and whatever else the backend gave.
    public var json: String
    /// Fields beside `type` and `content` that a stored content part keeps, such as `language` or `mime_type`.
    public var attributes: JSONObject

    public init(kind: Kind, content: String, json: String, attributes: JSONObject = [:]) {
        self.kind = kind
        self.content = content
        self.json = json
        self.attributes = attributes
    }
}
