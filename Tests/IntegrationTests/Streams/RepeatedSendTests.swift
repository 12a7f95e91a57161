import ChatCore
import Foundation
import TestSupport
import Testing

/// The envelope's id is the operation's key (`contract/semantics.md`, 'Idempotency').
@Suite(.timeLimit(.minutes(5)))
struct RepeatedSendTests {
    @Test("A hundred copies of one send over both gateways make one exchange, and every copy gets the answer")
    func hundredCopies() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let id = UUID().uuidString.lowercased()
            let payload: JSONValue = ["session_id": .string(session), "content": "/pace 20ms /words 30"]
            var sockets: [WebSocketClient] = []
            for number in 0..<100 { sockets.append(try await client.connect(gateway: number % 2)) }
            let answers = try await withThrowingTaskGroup(of: (Envelope, ResumedStream).self) { group in
                for socket in sockets {
                    group.addTask {
                        try await socket.send("message.send", payload, id: id)
                        let start = try await socket.begun(id)
                        var answer = ResumedStream()
                        try await answer.follow(socket, id)
                        return (start, answer)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let first = try #require(answers.first)
            let stored = try await client.messages(of: session)
            #expect(stored.count == 2)
            #expect(stored.last?["message_id"]?.stringValue == first.0.string("message_id"))
            for (start, answer) in answers {
                #expect(start.string("message_id") == first.0.string("message_id"))
                #expect(start.string("user_message_id") == first.0.string("user_message_id"))
                #expect(start.string("session_id") == session)
                #expect(answer.text == stored.last?.messageText)
                #expect(answer.state == "complete")
            }
        }
    }

    @Test("A send repeated after its end is answered with the finished result", arguments: [0, 1])
    func repeatedLater(gateway: Int) async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let id = try await socket.say("one two", in: session)
            let answer = try await socket.stream(of: id)

            let again = try await client.connect(gateway: gateway)
            let payload: JSONValue = ["session_id": .string(session), "content": "one two"]
            try await again.send("message.send", payload, id: id)
            #expect(try await again.begun(id).string("message_id") == answer.messageID)
            var seen = ResumedStream()
            try await seen.follow(again, id)
            #expect(seen.text == "one two")
            #expect(seen.state == "complete")
            #expect(try await client.messages(of: session).count == 2)
        }
    }

    @Test("The same id with another request is a conflict")
    func anotherRequest() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let id = try await socket.say("one", in: session)
            let answer = try await socket.stream(of: id)
            let others: [(String, JSONValue)] = [
                ("message.send", ["session_id": .string(session), "content": "two"]),
                ("message.recreate", ["message_id": .string(answer.messageID)]),
                ("session.summarize", ["session_id": .string(session)]),
            ]
            for (type, payload) in others {
                try await socket.send(type, payload, id: id)
                #expect(try await socket.expect("response.error", requestID: id)["error_code"] == "CONFLICT")
            }
            #expect(try await client.messages(of: session).count == 2)
        }
    }

    @Test("Another client's equal id is another request")
    func anotherClient() async throws {
        try await withSharedCluster { cluster in
            let id = UUID().uuidString.lowercased()
            for number in 0...1 {
                let client = try await TestClient(of: cluster)
                let session = try await client.makeSession()
                let socket = try await client.connect(gateway: number)
                try await socket.send(
                    "message.send",
                    ["session_id": .string(session), "content": "hello"],
                    id: id
                )
                #expect(try await socket.stream(of: id).text == "hello")
            }
        }
    }
}
