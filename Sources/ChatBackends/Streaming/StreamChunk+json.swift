internal import ChatCore

extension StreamChunk {
    /// The members beside `type` and `content` that a stored content part keeps.
    private static let attributeNames = ["language", "mime_type", "filename", "duration_seconds"]

    /// Reads a chunk; `text` is `json` as it goes to clients.
    ///
    /// - Throws: ``BackendFailure`` unless it is an object with a known `type` and a text `content`, which for a type
    ///   that stands for a resource is an http(s) URL.
    init(_ json: JSONValue, text: String) throws(BackendFailure) {
        guard case .object(let members) = json else {
            throw BackendFailure(.malformed, "A chunk is no object")
        }
        guard case .string(let type)? = members["type"], let kind = Kind(rawValue: type) else {
            throw BackendFailure(.malformed, "A chunk has no type, or one that is not known")
        }
        guard case .string(let content)? = members["content"] else {
            throw BackendFailure(.malformed, "A chunk has no text content")
        }
        if kind.isResource, !WebURL.isAcceptable(content) {
            throw BackendFailure(.malformed, "A chunk that stands for a resource has no http(s) URL")
        }
        var attributes = JSONObject()
        if members.count > 2 {
            for name in Self.attributeNames {
                guard let value = members[name], value != .null else { continue }
                attributes[name] = value
            }
        }
        self.init(kind: kind, content: content, json: text, attributes: attributes)
    }

    /// The chunk that stands for a content part of a plain JSON answer (`contract/rest.md`, 'Shapes').
    ///
    /// - Throws: ``BackendFailure`` unless it is an object with a known `type` and that type's member, of a resource an
    ///   http(s) URL.
    init(contentPart part: JSONValue) throws(BackendFailure) {
        guard case .object(var members) = part else {
            throw BackendFailure(.malformed, "A content part is no object")
        }
        guard case .string(let type)? = members["type"], let kind = Kind(rawValue: type) else {
            throw BackendFailure(.malformed, "A content part has no type, or one that is not known")
        }
        guard case .string(let content)? = members[kind.contentPartMember] else {
            throw BackendFailure(.malformed, "A content part does not hold what its type promises")
        }
        members[kind.contentPartMember] = nil
        members["content"] = .string(content)
        let json = JSONValue.object(members)
        try self.init(json, text: json.text)
    }
}

extension StreamChunk.Kind {
    fileprivate var isResource: Bool {
        switch self {
        case .text, .code: false
        case .image, .audio, .video, .document: true
        }
    }

    /// The member of a content part that holds what a chunk has in `content`.
    var contentPartMember: String {
        switch self {
        case .text: "text"
        case .code: "code"
        case .image: "image_url"
        case .audio: "audio_url"
        case .video: "video_url"
        case .document: "document_url"
        }
    }
}
