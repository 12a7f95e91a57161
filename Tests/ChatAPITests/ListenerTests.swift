import ChatCore
import ChatRuntime
import Hummingbird
import HummingbirdTesting
import NIOCore
import NIOPosix
import Testing

@testable import ChatAPI

/// What takes a real connection to see.
@Suite struct ListenerTests {
    private let api = APIFixture()

    /// Sends bytes to a server of the fixture, and returns all it answers until it closes.
    private func exchange(_ bytes: String) async throws -> String {
        try await api.server.test(.live) { client in
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "localhost", port: try #require(client.port)) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            return try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: bytes))
                var answer = ""
                for try await part in inbound { answer += String(buffer: part) }
                return answer
            }
        }
    }

    @Test(arguments: [
        "no http at all\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /api/v1/sessions HTTP/1.1\r\nbad header\r\n\r\n",
        "POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "GET /api/v1/openapi.yaml HTTP/1.1\r\nAuthorization: Bearer alice\r\n\r\n",
        "GET /api/v1/openapi.yaml HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    ])
    func whatIsNoHTTPGetsTheErrorShape(bytes: String) async throws {
        let answer = try await exchange(bytes)
        #expect(answer.hasPrefix("HTTP/1.1 400 "))
        let parts = answer.split(separator: "\r\n\r\n", maxSplits: 1)
        let body = try JSONParser.parse(String(try #require(parts.last)))
        #expect(body["error_code"] == "INVALID_REQUEST")
        let trace = try #require(body["details"]?["trace_id"]?.stringValue)
        #expect(parts.first?.lowercased().contains("x-request-id: \(trace)") == true)
        #expect(parts.first?.lowercased().contains("content-type: application/json; charset=utf-8") == true)
    }

    @Test(arguments: ["1.0\r\n", "1.1\r\nHost: a\r\n", "1.1\r\nHost:\r\n"])
    func aHostIsNamedOnceFrom11On(request: String) async throws {
        let answer = try await exchange("GET /api/v1/openapi.yaml HTTP/\(request)Connection: close\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 200 "))
    }

    @Test(arguments: ["Content-Length: 1000000000", "Content-Length: 99999999999999999"])
    func aBodyTooLargeIsRefusedUnread(header: String) async throws {
        // Not a byte of the body is sent, and the server closes.
        let answer = try await exchange(
            "POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer alice\r\n"
                + "Content-Type: application/json\r\n\(header)\r\n\r\n"
        )
        #expect(answer.hasPrefix("HTTP/1.1 413 "))
        #expect(answer.contains("PAYLOAD_TOO_LARGE"))
    }

    @Test func aBodyThatTurnsOutTooLargeIsRefusedBeforeItsEnd() async throws {
        let chunk = String(repeating: " ", count: 8192)
        let answer = try await exchange(
            "POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer alice\r\n"
                + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2000\r\n\(chunk)\r\n"
        )
        #expect(answer.hasPrefix("HTTP/1.1 413 "))
        #expect(answer.contains("PAYLOAD_TOO_LARGE"))
    }

    @Test func aConnectionServesManyRequests() async throws {
        let session = try Sample.session()
        api.database.change { $0.sessions = [session] }
        try await api.server.test(.live) { client in
            for _ in 0..<3 {
                for method in [HTTPRequest.Method.get, .head] {
                    let response = try await client.executeRequest(
                        uri: "/api/v1/sessions/\(session.id)",
                        method: method,
                        headers: [.authorization: "Bearer alice"],
                        body: nil
                    )
                    #expect(response.status == .ok)
                    #expect(response.body.readableBytes == (method == .get ? session.json.bytes.count : 0))
                }
            }
        }
    }

    @Test func aTakenPortIsNamed() async throws {
        try await api.server.test(.live) { client in
            var second = APIFixture()
            second.settings.host = "localhost"
            second.settings.port = try #require(client.port)
            let server = second.server
            let failure = await #expect(throws: ListenerFailure.self) { try await server.run() }
            #expect(failure?.port == client.port)
            #expect(failure?.listener == .public)
        }
    }
}
