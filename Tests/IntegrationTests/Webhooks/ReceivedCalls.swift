import ChatCore
import NIOCore
import NIOHTTP1
import TestSupport

/// The calls a stub backend got, in order, to be awaited one by one by one task.
final class ReceivedCalls: Sendable {
    struct Call: Sendable {
        let exchange: StubBackend.Exchange
        let body: JSONValue

        var event: String? { body["event"]?.stringValue }
        var id: String? { exchange.head.headers["webhook-id"].first }
    }

    private let calls: AsyncStream<Call>
    private let continuation: AsyncStream<Call>.Continuation

    init() {
        (calls, continuation) = AsyncStream.makeStream()
    }

    @discardableResult
    func add(_ exchange: StubBackend.Exchange) throws -> Call {
        let call = Call(exchange: exchange, body: try JSONParser.parse(exchange.body))
        continuation.yield(call)
        return call
    }

    /// The next so many calls.
    func next(_ count: Int = 1) async throws -> [Call] {
        var taken: [Call] = []
        for await call in calls.prefix(count) { taken.append(call) }
        guard taken.count == count else { throw TestSupportError("no more calls") }
        return taken
    }
}
