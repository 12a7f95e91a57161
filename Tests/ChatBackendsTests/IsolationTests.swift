import ChatCore
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import ChatBackends

/// One backend's slowness is nobody else's, and a slow client's is the backend's.
@Suite struct IsolationTests {
    private let eventLoop = MultiThreadedEventLoopGroup.singleton.any()

    @Test func `A call waits for a connection within its bound only`() async throws {
        let limiter = ConnectionLimiter(maximumWaiting: 10)
        let busy = SessionType.calling("http://localhost", maxConnections: 1)
        try await limiter.acquire(busy, within: .seconds(60), from: .now(), on: eventLoop)
        let failure = await #expect(throws: BackendFailure.self) {
            try await limiter.acquire(busy, within: .milliseconds(20), from: .now(), on: eventLoop)
        }
        #expect(failure?.reason == .overloaded(milliseconds: 20))
        limiter.release(busy.id)
        try await limiter.acquire(busy, within: .seconds(60), from: .now(), on: eventLoop)
    }

    @Test func `A cancelled call waits no longer`() async throws {
        let limiter = ConnectionLimiter(maximumWaiting: 10)
        let busy = SessionType.calling("http://localhost", maxConnections: 1)
        try await limiter.acquire(busy, within: .seconds(60), from: .now(), on: eventLoop)
        let waiting = Task { [eventLoop] in
            try await limiter.acquire(busy, within: .seconds(60), from: .now(), on: eventLoop)
        }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
    }

    @Test func `A session type at its limit does not hold up another on the same host`() async throws {
        try await StubBackend.with { exchange in
            try await exchange.begin()
            try await exchange.write(chunk("a"))
            if exchange.body.contains("hang please") { try await exchange.connectionClosed.get() }
            try await exchange.write(complete)
            try await exchange.end()
        } _: { stub in
            try await withBackend { backend in
                let slow = SessionType.calling(stub.url, maxConnections: 1)
                var hanging = AnswerRequest.new(slow)
                hanging.sessionMetadata = ["note": "hang please"]
                let (chunks, chunk) = AsyncStream.makeStream(of: Void.self)
                let call = Task { [hanging] in
                    try await backend.streamAnswer(to: hanging) { _ in chunk.yield() }
                }
                for await _ in chunks { break }
                try await backend.streamAnswer(to: .new(.calling(stub.url, maxConnections: 1))) { _ in }
                let waiting = Task { try await backend.streamAnswer(to: .new(slow)) { _ in } }
                call.cancel()
                await #expect(throws: CancellationError.self) { try await call.value }
                try await waiting.value
            }
        }
    }

    @Test func `A handler that waits makes the backend's writes wait`() async throws {
        struct Stop: Error {}
        let line = chunk(String(repeating: "x", count: 100_000))
        let total = 1000
        let written = Atomic<Int>(0)
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        try await StubBackend.with { exchange in
            defer { end.finish() }
            try await exchange.begin()
            for _ in 0..<total {
                try await exchange.write(line)
                written.add(1, ordering: .relaxed)
            }
            try await exchange.connectionClosed.get()
        } _: { stub in
            try await withBackend { backend in
                await #expect(throws: Stop.self) {
                    try await backend.streamAnswer(to: .new(.calling(stub.url))) { event in
                        for await _ in stub.stalls { break }
                        throw Stop()
                    }
                }
                for await _ in ends {}
                // 100 MB are more than the kernel holds for one connection.
                #expect(written.load(ordering: .relaxed) < total)
            }
        }
    }
}
