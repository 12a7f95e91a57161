extension ContentPart {
    /// Most parts in one message.
    public static let maximumCount = 256

    private enum Kind: String, CaseIterable {
        case text, code, image, audio, video, document
    }

    /// Reads a request's `content`: an array of parts, or a plain non-empty text that stands for one text part.
    public static func readContent(_ name: String, from reader: inout ObjectReader) -> [ContentPart]? {
        guard let value = reader.value(name, required: true) else { return nil }
        switch value {
        case .string(let text):
            guard !text.isEmpty else {
                reader.refuse(name, "The text must not be empty.", .invalidValue)
                return nil
            }
            return [.text(text)]
        case .array(let elements):
            guard !elements.isEmpty, elements.count <= maximumCount else {
                reader.refuse(
                    name,
                    "There must be 1 to \(maximumCount) parts.",
                    elements.isEmpty ? .invalidValue : .tooLong
                )
                return nil
            }
            return readParts(elements, path: reader.path(of: name), from: &reader)
        default:
            reader.refuse(name, "A text or an array of parts is expected.", .wrongType)
            return nil
        }
    }

    private static func readParts(
        _ elements: [JSONValue],
        path: String,
        from reader: inout ObjectReader
    ) -> [ContentPart]? {
        var parts: [ContentPart] = []
        var errors: [ValidationError] = []
        for (index, element) in elements.enumerated() {
            do throws(ChatError) {
                parts.append(try ContentPart(element, path: "\(path)[\(index)]"))
            } catch {
                errors += error.validationErrors
            }
        }
        reader.append(errors)
        return errors.isEmpty ? parts : nil
    }

    /// Reads one part.
    ///
    /// - Throws: ``ChatError`` `INVALID_REQUEST` naming what does not fit the contract's shape.
    public init(_ json: JSONValue, path: String) throws(ChatError) {
        var reader = try ObjectReader(json, path: path)
        let part = Self.read(from: &reader)
        try reader.finish()
        guard let part else { throw .invalid(path, "The part is not valid.", .invalidValue) }
        self = part
    }

    private static func read(from reader: inout ObjectReader) -> ContentPart? {
        let unlimited = Int.max
        switch reader.word("type", required: true, as: Kind.self) {
        case .text:
            return reader.string("text", required: true, maximumBytes: unlimited).map { .text($0) }
        case .code:
            let language = reader.string("language", maximumBytes: 64)
            return reader.string("code", required: true, maximumBytes: unlimited).map { .code($0, language: language) }
        case .image:
            let mimeType = reader.string("mime_type", maximumBytes: 255)
            return reader.webURL("image_url", required: true).map { .image(url: $0, mimeType: mimeType) }
        case .audio:
            let mimeType = reader.string("mime_type", maximumBytes: 255)
            let duration = duration(from: &reader)
            return reader.webURL("audio_url", required: true)
                .map { .audio(url: $0, mimeType: mimeType, durationSeconds: duration) }
        case .video:
            let mimeType = reader.string("mime_type", maximumBytes: 255)
            return reader.webURL("video_url", required: true).map { .video(url: $0, mimeType: mimeType) }
        case .document:
            let mimeType = reader.string("mime_type", maximumBytes: 255)
            let filename = reader.string("filename", maximumBytes: 1024)
            return reader.webURL("document_url", required: true)
                .map { .document(url: $0, mimeType: mimeType, filename: filename) }
        case nil:
            return nil
        }
    }

    private static func duration(from reader: inout ObjectReader) -> JSONNumber? {
        guard let value = reader.value("duration_seconds") else { return nil }
        guard case .number(let number) = value, let seconds = number.double, seconds.isFinite, seconds >= 0 else {
            reader.refuse("duration_seconds", "A number of seconds, 0 or more, is expected.", .invalidValue)
            return nil
        }
        return number
    }
}
