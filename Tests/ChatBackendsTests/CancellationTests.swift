import ChatCore
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import ChatBackends

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

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
        try await StubBackend.with { exchange in
            try await exchange.begin()
            try await exchange.write(chunk("a"))
            try await exchange.connectionClosed.get()
        } _: { stub in
            try await withBackend { backend in
                for _ in 0..<10 {
                    let (chunks, chunk) = AsyncStream.makeStream(of: Void.self)
                    let call = Task {
                        try await backend.streamAnswer(to: .new(.calling(stub.url))) { _ in chunk.yield() }
                    }
                    var iterator = chunks.makeAsyncIterator()
                    await iterator.next()
                    #expect(openConnections(to: stub.port) == 1)
                    call.cancel()
                    _ = await call.result
                    #expect(openConnections(to: stub.port) == 0)
                }
            }
        }
    }
}

/// How many sockets of this process are connected to a port.
private func openConnections(to port: Int) -> Int {
    (0..<getdtablesize()).prefix(2048).count { descriptor in
        var address = [UInt8](repeating: 0, count: 128)
        var size = socklen_t(address.count)
        let isConnected = address.withUnsafeMutableBytes { bytes in
            guard let pointer = bytes.baseAddress else { return false }
            return getpeername(descriptor, pointer.assumingMemoryBound(to: sockaddr.self), &size) == 0
        }
        // An IPv4 address with its port takes 16 bytes, the port from the third on.
        return isConnected && size == 16 && Int(address[2]) << 8 | Int(address[3]) == port
    }
}
