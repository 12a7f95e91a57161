import Foundation
import Hummingbird

/// The answers a backend gives, and the events of a stream.
enum WebhookAnswer {
    struct Capabilities: Encodable {
        var availableCapabilities: [JSONValue]

        enum CodingKeys: String, CodingKey {
            case availableCapabilities = "available_capabilities"
        }
    }

    struct Health: Encodable {
        var status: String
        var version: String
        var capabilities: [JSONValue]
    }

    struct Chunk: Encodable {
        var type = "text"
        var content: String
    }

    struct Complete: Encodable {
        var metadata: Metadata
    }

    struct Metadata: Encodable, Hashable, Sendable {
        var usage: Usage?
        var model: String?
        var finishReason: String?

        enum CodingKeys: String, CodingKey {
            case usage, model
            case finishReason = "finish_reason"
        }
    }

    struct Usage: Encodable, Hashable, Sendable {
        var inputTokens: Int
        var outputTokens: Int

        enum CodingKeys: String, CodingKey {
            case inputTokens = "input_tokens"
            case outputTokens = "output_tokens"
        }
    }

    struct Failure: Encodable {
        var message: String
        var errorCode: String

        enum CodingKeys: String, CodingKey {
            case message
            case errorCode = "error_code"
        }
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

    static func encoded(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }
}
