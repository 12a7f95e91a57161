import AsyncHTTPClient
import ChatCore
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import ChatBackends

@Suite struct CancellationTests {
    /// Runs an answer whose task is cancelled at its first chunk, and says whether the connection was closed already
    /// when the call returned.
    private func cancelled(on eventLoopGroup: any EventLoopGroup) async throws {
        let (closed, continuation) = AsyncStream.makeStream(of: Void.self)
        try await StubBackend.with { exchange in
            exchange.connectionClosed.whenComplete { _ in continuation.yield() }
            try await exchange.begin()
            try await exchange.write(chunk("a"))
            try await exchange.connectionClosed.get()
        } _: { stub in
            try await withBackend(on: eventLoopGroup) { backend in
                let (chunks, chunk) = AsyncStream.makeStream(of: Void.self)
                let call = Task {
                    try await backend.streamAnswer(to: .new(.calling(stub.url))) { _ in chunk.yield() }
                }
                var iterator = chunks.makeAsyncIterator()
                await iterator.next()
                call.cancel()
                await #expect(throws: CancellationError.self) { try await call.value }
                var closes = closed.makeAsyncIterator()
                await closes.next()
            }
        }
    }

    @Test func `Cancelling in mid-stream closes the connection`() async throws {
        try await cancelled(on: MultiThreadedEventLoopGroup.singleton)
    }

    @Test func `The connection is closed before the call returns`() async throws {
        let connections = Connections()
        var surroundings = TestBounds().surroundings
        surroundings.adjustClient = { configuration in
            let initializer = configuration.http1_1ConnectionDebugInitializer
            configuration.http1_1ConnectionDebugInitializer = { channel in
                connections.add(channel)
                return initializer?(channel) ?? channel.eventLoop.makeSucceededVoidFuture()
            }
        }
        try await StubBackend.with { exchange in
            try await exchange.begin()
            try await exchange.write(chunk("a"))
            try await exchange.connectionClosed.get()
        } _: { stub in
            try await withBackend(surroundings: surroundings) { backend in
                for number in 1...10 {
                    let (chunks, chunk) = AsyncStream.makeStream(of: Void.self)
                    let call = Task {
                        try await backend.streamAnswer(to: .new(.calling(stub.url))) { _ in chunk.yield() }
                    }
                    var iterator = chunks.makeAsyncIterator()
                    await iterator.next()
                    #expect(connections.all.count == number)
                    #expect(connections.all.last?.isActive == true)
                    call.cancel()
                    _ = await call.result
                    #expect(connections.all.allSatisfy { !$0.isActive })
                }
            }
        }
    }
}

/// The connections of a client, from the first on.
private final class Connections: Sendable {
    private let channels = Mutex<[any Channel]>([])

    var all: [any Channel] { channels.withLock { $0 } }

    func add(_ channel: any Channel) {
        channels.withLock { $0.append(channel) }
    }
}
