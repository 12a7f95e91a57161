import Foundation
import Hummingbird

/// The answers a backend gives, and the events of a stream.
enum WebhookAnswer {
    struct Capabilities: Encodable {
        var availableCapabilities: [WebhookRequest.Capability]
    }

    struct Health: Encodable {
        var status: String
        var version: String
        var capabilities: [WebhookRequest.Capability]
    }

    struct Summary: Encodable {
        var summary: String
        var metadata: [String: String]
    }

    struct Whole: Encodable {
        var content: [WebhookRequest.ContentPart]
        var metadata: Metadata
    }

    struct Chunk: Encodable {
        var type = "text"
        var content: String
    }

    struct Complete: Encodable {
        var metadata: Metadata
    }

    struct Failure: Encodable {
        var message: String
        var errorCode: String
    }

    struct Metadata: Encodable {
        var usage: Usage
    }

    struct Usage: Encodable {
        var inputTokens: Int
        var outputTokens: Int
    }

    struct Nothing: Encodable {}

    /// A plain JSON answer.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encoded(value)))
        )
    }

    /// One server-sent event.
    static func event(_ name: String, _ value: some Encodable) throws -> ByteBuffer {
        var buffer = ByteBuffer(string: "event: \(name)\ndata: ")
        buffer.writeBytes(try encoded(value))
        buffer.writeString("\n\n")
        return buffer
    }

    private static func encoded(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }
}
