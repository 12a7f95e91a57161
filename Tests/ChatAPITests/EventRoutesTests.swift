import ChatCore
import ChatRuntime
import Hummingbird
import HummingbirdTesting
import NIOCore
import NIOPosix
import TestFakes
import Testing

@testable import ChatAPI

@Suite(.timeLimit(.minutes(1)))
struct EventRoutesTests {
    private let api = APIFixture()

    @Test func eventsAreToldAsTheGatewayPushesThem() async throws {
        let alice = try Sample.client("alice")
        api.eventLog.append(3, to: alice, createdAt: .now)
        let reply = try await api.send(.get, "/events?after_seq=1&limit=1")
        #expect(reply.status == 200)
        #expect(reply["cache-control"] == "private, no-cache")
        #expect(reply["vary"] == "Authorization, Origin")
        let event = try await api.eventLog.events(of: alice, after: 1, limit: 1).events[0]
        #expect(
            reply.json == [
                "events": [
                    [
                        "type": "session.updated", "payload": ["number": 2, "seq": 2], "seq": 2,
                        "timestamp": .string(event.createdAt.description),
                    ]
                ],
                "last_seq": 2, "resync": false,
            ]
        )
        #expect(try await api.send(.head, "/events").body.isEmpty)
    }

    @Test func everythingIsToldFromTheBeginningWhenNoCursorIsGiven() async throws {
        api.eventLog.append(2, to: try Sample.client("alice"))
        api.eventLog.append(9, to: try Sample.client("bob"))
        let reply = try await api.send(.get, "/events")
        #expect(reply.json["events"]?.arrayValue?.count == 2)
        #expect(reply.json["last_seq"] == 2)
        #expect(
            try await api.send(.get, "/events", as: "carol").json == ["events": [], "last_seq": 0, "resync": false]
        )
    }

    @Test func aCursorThatIsNoneIsAResync() async throws {
        api.eventLog.append(2, to: try Sample.client("alice"))
        let reply = try await api.send(.get, "/events?after_seq=9223372036854775807&wait_seconds=30")
        #expect(reply.status == 200)
        #expect(reply.json == ["events": [], "last_seq": 2, "resync": true])
    }

    @Test(arguments: [
        ("after_seq=-1", "after_seq: out_of_range"), ("after_seq=9223372036854775808", "after_seq: out_of_range"),
        ("after_seq=", "after_seq: wrong_type"), ("limit=0", "limit: out_of_range"),
        ("limit=1001", "limit: out_of_range"), ("wait_seconds=31", "wait_seconds: out_of_range"),
        ("wait_seconds=1.5", "wait_seconds: wrong_type"), ("cursor=1", "cursor: unknown_field"),
    ])
    func aBadParameterIsNamed(query: String, field: String) async throws {
        let reply = try await api.send(.get, "/events?\(query)")
        #expect(reply.status == 400)
        #expect(reply.code == "INVALID_REQUEST")
        #expect(reply.invalidFields == [field])
    }

    @Test func aTokenIsRequired() async throws {
        #expect(try await api.send(.get, "/events", as: nil).status == 401)
    }

    @Test func anEventEndsTheWaiting() async throws {
        let alice = try Sample.client("alice")
        async let reply = api.send(.get, "/events?wait_seconds=30")
        await api.bus.waitForSubscriptions(1)
        api.eventLog.append(to: alice)
        _ = try await api.bus.publish([], on: .events(of: alice))
        #expect(try await reply.json["last_seq"] == 1)
    }

    @Test func aNodeThatGoesAwayAnswersWhoWaits() async throws {
        async let reply = api.send(.get, "/events?wait_seconds=30")
        await api.bus.waitForSubscriptions(1)
        api.drain.beginDraining()
        #expect(try await reply.json == ["events": [], "last_seq": 0, "resync": false])
        #expect(try await api.send(.get, "/events?wait_seconds=30").status == 200)
    }

    @Test func tooManyMustNotWait() async throws {
        var api = api
        api.maximumEventWaits = 1
        let server = api.server
        try await server.test(.router) { client in
            @Sendable func get() async throws -> TestResponse {
                try await client.executeRequest(
                    uri: "/api/v1/events?wait_seconds=30",
                    method: .get,
                    headers: [.authorization: "Bearer alice"],
                    body: nil
                )
            }
            async let first = get()
            await self.api.bus.waitForSubscriptions(1)
            let second = try await get()
            #expect(second.status == .serviceUnavailable)
            #expect(second.headers[.retryAfter] == "1")
            self.api.drain.beginDraining()
            #expect(try await first.status == .ok)
        }
    }

    /// Sends a request that waits over a connection of its own, and hands that over when it does.
    private func whileWaiting(
        _ body:
            @escaping @Sendable (
                NIOAsyncChannelInboundStream<ByteBuffer>, NIOAsyncChannelOutboundWriter<ByteBuffer>
            ) async throws -> Void
    ) async throws {
        try await api.server.test(.live) { client in
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelOption(.allowRemoteHalfClosure, value: true)
                .connect(host: "localhost", port: try #require(client.port)) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                            wrappingChannelSynchronously: channel,
                            configuration: .init(isOutboundHalfClosureEnabled: true)
                        )
                    }
                }
            try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(
                    ByteBuffer(
                        string: "GET /api/v1/events?wait_seconds=30 HTTP/1.1\r\nHost: a\r\n"
                            + "Authorization: Bearer alice\r\n\r\n"
                    )
                )
                await api.bus.waitForSubscriptions(1)
                try await body(inbound, outbound)
            }
            await api.bus.waitForSubscriptions(0)
        }
    }

    @Test func nobodyWaitsForAClientThatHasGone() async throws {
        try await whileWaiting { _, _ in }
    }

    @Test func aClientThatSaysNoMoreIsAnsweredAtOnce() async throws {
        try await whileWaiting { inbound, outbound in
            outbound.finish()
            var answer = ""
            for try await part in inbound {
                answer += String(buffer: part)
                if answer.hasSuffix("}") { break }
            }
            #expect(answer.hasPrefix("HTTP/1.1 200 "))
            #expect(answer.hasSuffix(#"{"events":[],"last_seq":0,"resync":false}"#))
        }
    }

    @Test func theConnectionServesTheNextRequest() async throws {
        let alice = try Sample.client("alice")
        try await whileWaiting { inbound, outbound in
            api.eventLog.append(to: alice)
            _ = try await api.bus.publish([], on: .events(of: alice))
            var answers = inbound.makeAsyncIterator()
            var answer = ""
            while !answer.hasSuffix("}") { answer += String(buffer: try #require(try await answers.next())) }
            #expect(answer.hasSuffix(#""last_seq":1,"resync":false}"#))
            try await outbound.write(
                ByteBuffer(
                    string: "GET /api/v1/events?after_seq=1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer alice\r\n\r\n"
                )
            )
            answer = ""
            while !answer.hasSuffix("}") { answer += String(buffer: try #require(try await answers.next())) }
            #expect(answer.hasSuffix(#"{"events":[],"last_seq":1,"resync":false}"#))
        }
    }
}
