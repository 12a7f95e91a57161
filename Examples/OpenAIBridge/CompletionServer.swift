import AsyncHTTPClient
import Foundation
import HTTPTypes
import NIOCore
import NIOHTTP1

/// An OpenAI-compatible server.
struct CompletionServer: Sendable {
    /// Pieces that may wait for an engine that reads slowly; an answer that is further ahead is given up.
    private static let maximumWaitingPieces = 65_536
    private static let maximumErrorBytes = 64 * 1024
    private static let maximumAnswerBytes = 32 * 1024 * 1024
    private static let healthTimeout = TimeAmount.seconds(5)

    let configuration: BridgeConfiguration
    private let client: HTTPClient

    /// `client` is to have been made by ``makeClient(_:)``.
    init(_ configuration: BridgeConfiguration, client: HTTPClient) {
        self.configuration = configuration
        self.client = client
    }

    static func makeClient(_ configuration: BridgeConfiguration) -> HTTPClient {
        let silence = TimeAmount.seconds(Int64(configuration.timeoutSeconds))
        var options = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(connect: min(silence, .seconds(10)), read: silence)
        )
        // Whoever waits for an answer is better told at once.
        options.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: options)
    }

    /// Asks for an answer and returns once the server has begun one. When `connection` is closed, or the pieces are no
    /// longer read, the request is cancelled.
    ///
    /// - Throws: ``UpstreamFailure``, here and from the pieces; `CancellationError`.
    func answer(
        _ body: JSONValue,
        for connection: ClientConnection
    ) async throws -> AsyncThrowingStream<CompletionPiece, any Error> {
        var request = request("/chat/completions")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.headers.add(name: "accept", value: "text/event-stream, application/json")
        request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(body)))
        let response: HTTPClientResponse
        do {
            let deadline = NIODeadline.now() + .seconds(Int64(configuration.timeoutSeconds))
            response = try await connection.whileOpen { [client, request] in
                try await client.execute(request, deadline: deadline)
            }
        } catch {
            throw Self.failure(error)
        }
        guard (200..<300).contains(response.status.code) else {
            let words = try? await response.body.collect(upTo: Self.maximumErrorBytes)
            let text = words.flatMap { Self.message(in: $0) } ?? "The server answered \(response.status.code)."
            throw UpstreamFailure(status: response.status, headers: response.headers, words: text)
        }
        return pieces(of: response, for: connection)
    }

    private func pieces(
        of response: HTTPClientResponse,
        for connection: ClientConnection
    ) -> AsyncThrowingStream<CompletionPiece, any Error> {
        let (pieces, continuation) = AsyncThrowingStream.makeStream(
            of: CompletionPiece.self,
            bufferingPolicy: .bufferingOldest(Self.maximumWaitingPieces)
        )
        let reading = Task {
            do {
                try await connection.whileOpen { try await Self.read(response, into: continuation) }
                continuation.finish()
            } catch {
                continuation.finish(throwing: Self.failure(error))
            }
        }
        continuation.onTermination = { _ in reading.cancel() }
        return pieces
    }

    private static func read(
        _ response: HTTPClientResponse,
        into continuation: AsyncThrowingStream<CompletionPiece, any Error>.Continuation
    ) async throws {
        func hand(over pieces: [CompletionPiece]) throws {
            for piece in pieces {
                guard case .dropped = continuation.yield(piece) else { continue }
                throw UpstreamFailure(message: "The engine reads too slowly.", code: "TOO_SLOW", status: .badGateway)
            }
        }
        guard response.headers.first(name: "content-type")?.hasPrefix("text/event-stream") == true else {
            let body = try await response.body.collect(upTo: maximumAnswerBytes)
            return try hand(over: try CompletionReader.pieces(ofWhole: body))
        }
        var reader = CompletionReader()
        for try await buffer in response.body {
            var pieces: [CompletionPiece] = []
            do {
                try reader.read(buffer, into: &pieces)
            } catch {
                try hand(over: pieces)
                throw error
            }
            try hand(over: pieces)
            // What may come after it is not waited for.
            if reader.isDone { return }
        }
        // A body that is cancelled may end like one that is whole.
        try Task.checkCancellation()
        try hand(over: try reader.finish())
    }

    /// Whether the server can be reached and takes the API key: the status the contract has for it.
    func health() async -> String {
        do {
            let response = try await client.execute(request("/models"), timeout: Self.healthTimeout)
            switch response.status.code {
            case 401, 403, 500...: return "unhealthy"
            case 429: return "degraded"
            // Not every server lists its models, but this one is there.
            default: return "healthy"
            }
        } catch {
            return "unhealthy"
        }
    }

    private func request(_ path: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: configuration.baseURL + path)
        if let key = configuration.apiKey { request.headers.add(name: "authorization", value: "Bearer \(key)") }
        return request
    }

    /// The message of an OpenAI error, `{"error": {"message": …}}`.
    private static func message(in body: ByteBuffer) -> String? {
        struct Answer: Decodable {
            struct Failure: Decodable { var message: String }
            var error: Failure
        }
        return try? JSONDecoder().decode(Answer.self, from: Data(body.readableBytesView)).error.message
    }

    private static func failure(_ error: any Error) -> any Error {
        error is UpstreamFailure || error is CancellationError ? error : UpstreamFailure(error)
    }
}
