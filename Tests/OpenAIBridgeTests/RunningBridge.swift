import AsyncHTTPClient
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import TestSupport

@testable import OpenAIBridge

/// The bridge, listening on a free port of the loopback interface.
struct RunningBridge: Sendable {
    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: String
    }

    let url: String
    let client: HTTPClient

    /// Runs `body` with a bridge to this server; it is gone afterwards.
    static func with(
        _ configuration: BridgeConfiguration,
        _ body: @escaping @Sendable (RunningBridge) async throws -> Void
    ) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let upstream = CompletionServer.makeClient(configuration)
        let engine = HTTPClient(eventLoopGroupProvider: .singleton)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: BridgeRoutes(server: CompletionServer(configuration, client: upstream), logger: logger).router(),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in port.yield(channel.localAddress?.port ?? 0) },
            logger: logger
        )
        let outcome = await withTaskGroup(of: Result<Void, any Error>?.self) { group in
            group.addTask {
                do { try await application.run() } catch is CancellationError {} catch { return .failure(error) }
                return nil
            }
            group.addTask {
                var iterator = ports.makeAsyncIterator()
                guard let port = await iterator.next() else { return nil }
                do {
                    try await body(RunningBridge(url: "http://127.0.0.1:\(port)/", client: engine))
                    return .success(())
                } catch {
                    return .failure(error)
                }
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        try await engine.shutdown()
        try await upstream.shutdown()
        try outcome?.get()
    }

    /// What a bridge of its own answers.
    static func answer(to body: String, by configuration: BridgeConfiguration) async throws -> Answer {
        let (answers, answer) = AsyncStream.makeStream(of: Answer.self)
        try await with(configuration) { answer.yield(try await $0.call(body)) }
        answer.finish()
        for await answer in answers { return answer }
        throw TestSupportError("the bridge did not answer")
    }

    func request(_ body: String, headers: HTTPHeaders = [:]) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers = headers
        request.headers.replaceOrAdd(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(string: body))
        return request
    }

    func call(_ body: String, headers: HTTPHeaders = [:]) async throws -> Answer {
        let response = try await client.execute(request(body, headers: headers), timeout: .seconds(60))
        let text = String(buffer: try await response.body.collect(upTo: 1 << 24))
        return Answer(status: Int(response.status.code), headers: response.headers, body: text)
    }

    static let message = #"""
        {"event": "message.new", "session_id": "s", "enabled_capabilities": [], "history": [],
         "message": {"role": "user", "content": [{"type": "text", "text": "Hello"}], "file_urls": []}}
        """#
}
