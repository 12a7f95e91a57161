import Foundation
import HTTPTypes
import NIOCore

/// What an OpenAI-compatible server says in the course of an answer.
enum CompletionPiece: Hashable, Sendable {
    case text(String)
    case usage(WebhookAnswer.Usage)
    case model(String)
    case finished(reason: String)
}

/// Reads the stream of `/chat/completions` from bytes as they arrive: lines `data: {…}`, the last one `data: [DONE]`.
struct CompletionReader: Sendable {
    private static let maximumLineBytes = 1024 * 1024

    private var line: [UInt8] = []
    private var hasFinished = false
    private(set) var isDone = false

    /// Appends what the bytes complete, what came before a failure too.
    ///
    /// - Throws: ``UpstreamFailure`` for what is not understood, and when the server tells of a failure.
    mutating func read(_ buffer: ByteBuffer, into pieces: inout [CompletionPiece]) throws {
        var rest = buffer.readableBytesView[...]
        while let end = rest.firstIndex(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            line += rest[..<end]
            rest = rest[(end + 1)...]
            pieces += try endLine()
        }
        line += rest
        guard line.count <= Self.maximumLineBytes else { throw UpstreamFailure.malformed("a line is too long") }
    }

    /// To be called when the body has ended. Some servers leave out `[DONE]`, none the reason why they finished.
    mutating func finish() throws -> [CompletionPiece] {
        let pieces = try endLine()
        guard isDone || hasFinished else { throw UpstreamFailure.incomplete }
        return pieces
    }

    private mutating func endLine() throws -> [CompletionPiece] {
        defer { line.removeAll(keepingCapacity: true) }
        // Comments, other fields, and the blank lines between events.
        guard !isDone, line.starts(with: "data:".utf8) else { return [] }
        let data = line.dropFirst(5).drop { $0 == UInt8(ascii: " ") }
        if data.elementsEqual("[DONE]".utf8) {
            isDone = true
            return []
        }
        return try Self.pieces(of: Data(data), hasFinished: &hasFinished)
    }

    /// Reads an answer that is no stream: some servers do not stream although they are asked to.
    static func pieces(ofWhole body: ByteBuffer) throws -> [CompletionPiece] {
        var hasFinished = false
        let pieces = try pieces(of: Data(body.readableBytesView), hasFinished: &hasFinished)
        guard hasFinished else { throw UpstreamFailure.incomplete }
        return pieces
    }

    private struct Chunk: Decodable {
        struct Choice: Decodable {
            var delta: Delta?
            var message: Delta?
            var finishReason: String?

            enum CodingKeys: String, CodingKey {
                case delta, message
                case finishReason = "finish_reason"
            }
        }

        struct Delta: Decodable {
            var content: String?
            var refusal: String?
        }

        struct Usage: Decodable {
            var promptTokens: Int
            var completionTokens: Int

            enum CodingKeys: String, CodingKey {
                case promptTokens = "prompt_tokens"
                case completionTokens = "completion_tokens"
            }
        }

        struct Failure: Decodable {
            var message: String?
        }

        var choices: [Choice]?
        var usage: Usage?
        var model: String?
        var error: Failure?
    }

    private static func pieces(of json: Data, hasFinished: inout Bool) throws -> [CompletionPiece] {
        let chunk: Chunk
        do {
            chunk = try JSONDecoder().decode(Chunk.self, from: json)
        } catch {
            throw UpstreamFailure.malformed("\(error)")
        }
        if let error = chunk.error {
            let message = error.message ?? "The server failed."
            throw UpstreamFailure(message: String(message.prefix(500)), code: "UPSTREAM_FAILED", status: .badGateway)
        }
        var pieces: [CompletionPiece] = []
        for choice in chunk.choices ?? [] {
            let delta = choice.delta ?? choice.message
            for text in [delta?.content, delta?.refusal].compactMap(\.self) where !text.isEmpty {
                pieces.append(.text(text))
            }
            if let reason = choice.finishReason {
                hasFinished = true
                pieces.append(.finished(reason: reason))
            }
        }
        if let model = chunk.model { pieces.append(.model(model)) }
        if let usage = chunk.usage {
            pieces.append(.usage(.init(inputTokens: usage.promptTokens, outputTokens: usage.completionTokens)))
        }
        return pieces
    }
}
