import Hummingbird
import Logging

/// The answer to one message, in the way its commands ask for.
struct EchoAnswer: Sendable {
    let commands: EchoCommands
    let pace: Duration
    let inputTokens: Int
    let counters: EchoCounters
    let connection: ClientConnection

    func response() async throws -> Response {
        switch commands.fault {
        case .status(let code)?:
            return try WebhookAnswer.json(
                WebhookAnswer.Failure(message: "Asked for by /status.", errorCode: "ECHO"),
                status: HTTPResponse.Status(code: code)
            )
        case .hangBeforeHead?:
            try await counted { try await hang() }
        default: break
        }
        if commands.isJSON {
            let part = WebhookRequest.ContentPart(type: "text", text: commands.words.joined())
            return try WebhookAnswer.json(WebhookAnswer.Whole(content: [part], metadata: metadata))
        }
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream", .cacheControl: "no-cache"],
            body: ResponseBody { writer in
                try await counted { try await stream(to: &writer) }
                try await writer.finish(nil)
            }
        )
    }

    private var metadata: WebhookAnswer.Metadata {
        .init(usage: .init(inputTokens: inputTokens, outputTokens: commands.words.count))
    }

    private struct Cut: Error {}

    private func stream(to writer: inout any ResponseBodyWriter) async throws {
        if case .hang? = commands.fault { try await hang() }
        for (index, word) in commands.words.enumerated() {
            if try await fault(after: index, to: &writer) { return }
            if index > 0, pace > .zero { try await connection.pause(pace) }
            try await writer.write(try WebhookAnswer.event("chunk", WebhookAnswer.Chunk(content: word)))
            counters.wordSent()
        }
        if try await fault(after: .max, to: &writer) { return }
        try await writer.write(try WebhookAnswer.event("complete", WebhookAnswer.Complete(metadata: metadata)))
    }

    /// Does what is asked for after so many words; says whether the stream has ended with it.
    private func fault(after words: Int, to writer: inout any ResponseBodyWriter) async throws -> Bool {
        switch commands.fault {
        case .fail(let count)? where words >= count:
            let failure = WebhookAnswer.Failure(message: "Asked for by /fail.", errorCode: "ECHO")
            try await writer.write(try WebhookAnswer.event("error", failure))
            return true
        case .cut(let count)? where words >= count:
            throw Cut()
        default:
            return false
        }
    }

    private func hang() async throws {
        while true { try await connection.pause(.seconds(3600)) }
    }

    private func counted(_ operation: () async throws -> Void) async throws {
        counters.streamBegan()
        do {
            try await operation()
        } catch {
            counters.streamEnded(cancelled: !(error is Cut))
            throw error
        }
        counters.streamEnded(cancelled: false)
    }
}
