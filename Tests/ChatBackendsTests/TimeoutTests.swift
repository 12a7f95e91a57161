import ChatCore
import NIOCore
import TestSupport
import Testing

@testable import ChatBackends

@Suite struct TimeoutTests {
    private func timeout(
        _ bounds: TestBounds,
        _ script: @escaping StubBackend.Script
    ) async throws -> (error: ChatError, text: String) {
        let events = Events()
        var error: ChatError?
        try await StubBackend.with(script) { stub in
            try await withBackend(bounds) { backend in
                error = try await chatError {
                    try await backend.streamAnswer(to: .new(.calling(stub.url))) { events.append($0) }
                }
            }
        }
        return (try #require(error), events.text)
    }

    @Test func `Silence before the head`() async throws {
        let timeout = try await timeout(TestBounds(silence: .milliseconds(50))) { exchange in
            try await exchange.connectionClosed.get()
        }
        #expect(timeout.error.code == .backendTimeout)
        #expect(timeout.error.timeoutMilliseconds == 50)
    }

    @Test func `Silence between two chunks keeps the first`() async throws {
        let timeout = try await timeout(TestBounds(silence: .seconds(8))) { exchange in
            try await exchange.begin()
            try await exchange.write(chunk("kept"))
            try await exchange.connectionClosed.get()
        }
        #expect(timeout.error.code == .backendTimeout)
        #expect(timeout.error.timeoutMilliseconds == 8000)
        #expect(timeout.text == "kept")
    }

    @Test func `A stream without end`() async throws {
        let timeout = try await timeout(TestBounds(whole: .milliseconds(300))) { exchange in
            try await exchange.begin()
            while true { try await exchange.write(": still here\n") }
        }
        #expect(timeout.error.code == .backendTimeout)
        #expect(timeout.error.timeoutMilliseconds == 300)
    }

    @Test func `Bytes one by one are no silence`() async throws {
        let stream = Array((chunk("grüße") + complete).utf8)
        try await StubBackend.with { exchange in
            try await exchange.begin()
            for byte in stream { try await exchange.write([byte]) }
            try await exchange.end()
        } _: { stub in
            try await withBackend { backend in
                let events = Events()
                try await backend.streamAnswer(to: .new(.calling(stub.url))) { events.append($0) }
                #expect(events.text == "grüße")
            }
        }
    }
}
