internal import ChatCore
internal import Hummingbird

/// The body broke off or is not well-formed HTTP: there is nobody to answer, the connection is to be closed.
struct BrokenBody: Error {
    let underlyingError: any Error
}

extension Request {
    static let jsonMediaTypes: Set = ["application/json"]

    /// The body as JSON; `nil` when there is none.
    ///
    /// A body that says it is too large is refused unread, one that turns out to be as soon as it does.
    ///
    /// - Throws: ``ChatError`` `INVALID_REQUEST`, `PAYLOAD_TOO_LARGE` or `UNSUPPORTED_MEDIA_TYPE`; ``BrokenBody``.
    func readJSON(
        maximumBytes: Int,
        mediaTypes: Set<String> = jsonMediaTypes
    ) async throws -> JSONValue? {
        guard try announcesBody(maximumBytes: maximumBytes) else { return nil }
        guard saysJSON(in: mediaTypes) else { throw ChatError(.unsupportedMediaType, "The body must be JSON.") }
        let buffer = try await readBody(maximumBytes: maximumBytes)
        guard buffer.readableBytes > 0 else { return nil }
        do {
            return try JSONParser.parse(buffer.readableBytesView)
        } catch {
            throw ChatError.invalid(error.path, "The body is not valid JSON: \(error).", .malformed)
        }
    }

    /// Whether there is a body to be read.
    ///
    /// - Throws: ``ChatError`` `PAYLOAD_TOO_LARGE` when it says that it is.
    func announcesBody(maximumBytes: Int) throws(ChatError) -> Bool {
        guard let length = headers[.contentLength] else { return headers.contains(.transferEncoding) }
        // A length that fits no integer is certainly too large; the HTTP parser has seen to the rest.
        guard let bytes = Int(length), bytes <= maximumBytes else { throw .tooLarge(maximumBytes) }
        return bytes > 0
    }

    /// The whole body.
    ///
    /// - Throws: ``ChatError`` `PAYLOAD_TOO_LARGE`; ``BrokenBody``.
    func readBody(maximumBytes: Int) async throws -> ByteBuffer {
        var whole = ByteBuffer()
        var parts = body.makeAsyncIterator()
        while var part = try await nextPart(&parts) {
            guard whole.readableBytes + part.readableBytes <= maximumBytes else {
                throw ChatError.tooLarge(maximumBytes)
            }
            if whole.readableBytes == 0 {
                whole = part
            } else {
                whole.writeBuffer(&part)
            }
        }
        return whole
    }

    private func nextPart(_ parts: inout RequestBody.AsyncIterator) async throws(BrokenBody) -> ByteBuffer? {
        do {
            return try await parts.next()
        } catch {
            throw BrokenBody(underlyingError: error)
        }
    }

    /// JSON in UTF-8 without a content coding. A body without a type is taken for JSON and parsed.
    private func saysJSON(in mediaTypes: Set<String>) -> Bool {
        if let coding = headers[.contentEncoding], coding.lowercased() != "identity" { return false }
        guard let type = headers[.contentType] else { return true }
        if mediaTypes.contains(type) { return true }
        var parts = type.lowercased().split(separator: ";").map(\.trimmed)[...]
        guard let name = parts.popFirst(), mediaTypes.contains(String(name)) else { return false }
        return parts.allSatisfy { !$0.hasPrefix("charset=") || $0 == "charset=utf-8" || $0 == "charset=\"utf-8\"" }
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}

extension ChatError {
    fileprivate static func tooLarge(_ maximumBytes: Int) -> ChatError {
        ChatError(.payloadTooLarge, "The body is larger than \(maximumBytes) bytes.")
    }
}
