import ChatCore
import TestSupport
import Testing

/// A recipient of a share who writes (`contract/semantics.md`, 'Identity and authorization').
@Suite(.timeLimit(.minutes(5)))
struct GuestTests {
    private struct Scene {
        let owner: TestClient
        let guest: TestClient
        let session: String
        let share: String
        let socket: WebSocketClient
        let answer: StreamRecord

        func send(
            _ text: String,
            parent: String? = nil,
            more: JSONObject = [:],
            on socket: WebSocketClient
        ) async throws -> String {
            var payload: JSONObject = [
                "session_id": .string(session), "content": .string(text), "share_token": .string(share),
            ]
            payload["parent_message_id"] = parent.map { .string($0) }
            for (name, value) in more { payload[name] = value }
            return try await socket.send("message.send", .object(payload))
        }

        /// The ids of the owner's active path.
        func path() async throws -> [String?] {
            try await owner.messages(of: session).map { $0["message_id"]?.stringValue }
        }
    }

    private func scene(in cluster: TestCluster) async throws -> Scene {
        let owner = try await TestClient(of: cluster)
        let guest = try await TestClient(of: cluster)
        let session = try await owner.makeSession()
        let socket = try await owner.connect(gateway: 0)
        let answer = try await socket.converse("shared words", in: session)
        let share = try await owner.api().post("/api/v1/sessions/\(session)/share")
        let token = try #require(share["share_token"]?.stringValue)
        return Scene(owner: owner, guest: guest, session: session, share: token, socket: socket, answer: answer)
    }

    @Test("A guest branches from the last message, both are told, and the owner's path stays as it is")
    func branch() async throws {
        try await withSharedCluster { cluster in
            let scene = try await scene(in: cluster)
            let path = try await scene.path()
            let socket = try await scene.guest.connect(gateway: 1)
            let first = try await socket.stream(of: try await scene.send("a guest's", on: socket))
            #expect(first.text == "a guest's")
            let question = try await scene.owner.message(first.userMessageID)
            #expect(question["parent_message_id"]?.stringValue == scene.answer.messageID)
            #expect(question["author_id"]?.stringValue == scene.guest.id)
            #expect(question["is_active"] == false)
            #expect(try await scene.path() == path)

            let second = try await socket.stream(
                of: try await scene.send("and more", parent: first.messageID, on: socket)
            )
            #expect(second.text == "and more")
            #expect(try await scene.path() == path)
            for message in [first.userMessageID, first.messageID, second.userMessageID, second.messageID] {
                let push = try await scene.socket.created(message)
                #expect(try await socket.created(message)["message"]?.sorted == push["message"]?.sorted)
                #expect(try await scene.guest.message(message)["message_id"]?.stringValue == message)
            }
            // The owner goes on where the owner was.
            let own = try await scene.socket.converse("the owner's", in: scene.session)
            #expect(try await scene.path() == path + [own.userMessageID, own.messageID])
        }
    }

    @Test("A guest writes under the last message or in the own branch, nowhere else")
    func elsewhere() async throws {
        try await withSharedCluster { cluster in
            let scene = try await scene(in: cluster)
            let socket = try await scene.guest.connect(gateway: 0)
            let variant = try await scene.socket.stream(of: try await scene.socket.recreate(scene.answer.messageID))
            let refusals = [
                (scene.answer.userMessageID, "FORBIDDEN"), (scene.answer.messageID, "MESSAGE_NOT_FOUND"),
                (MessageID.make().description, "MESSAGE_NOT_FOUND"),
            ]
            for (parent, code) in refusals {
                let request = try await scene.send("no", parent: parent, on: socket)
                #expect(try await socket.expect("response.error", requestID: request).string("error_code") == code)
            }
            let another = try await TestClient(of: cluster).connect(gateway: 0)
            let branch = try await socket.stream(of: try await scene.send("mine", on: socket))
            let intruding = try await scene.send("no", parent: branch.messageID, on: another)
            let refusal = try await another.expect("response.error", requestID: intruding)
            #expect(refusal["error_code"] == "MESSAGE_NOT_FOUND")
            #expect(try await scene.path().last == variant.messageID)
        }
    }

    @Test("A guest stops, resumes and recreates the own answers, and nothing of the owner's")
    func ownStreams() async throws {
        try await withSharedCluster { cluster in
            let scene = try await scene(in: cluster)
            let socket = try await scene.guest.connect(gateway: 0)
            let request = try await scene.send("/pace 50ms /words 2000", on: socket)
            let message = try await socket.begun(request).string("message_id")
            _ = try await socket.chunks(2, of: request)
            let device = try await scene.guest.connect(gateway: 1)
            let watching = try await device.resume(message, from: 0)
            var seen = ResumedStream()
            try await seen.follow(device, watching, upTo: 2)
            let stranger = try await TestClient(of: cluster)
            #expect(try await stranger.api().post("/api/v1/messages/\(message)/stop").status == 404)
            #expect(try await scene.guest.api(1).post("/api/v1/messages/\(message)/stop")["stopped"] == true)
            try await seen.follow(device, watching)
            #expect(seen.state == "stopped")
            let again = try await socket.recreate(message)
            let start = try await socket.begun(again)
            let variant = start.string("message_id")
            #expect(try await scene.guest.api(0).post("/api/v1/messages/\(variant)/stop")["stopped"] == true)
            let end = try await socket.stream(of: again, start: start).end
            #expect(end["variant_info"]?["variant_index"] == 1)

            let own = try await scene.socket.say("/pace 50ms /words 2000", in: scene.session)
            let ownMessage = try await scene.socket.begun(own).string("message_id")
            #expect(try await scene.guest.api().post("/api/v1/messages/\(ownMessage)/stop").status == 404)
            let interrupting = try await scene.send("stop it", more: ["on_busy": "interrupt"], on: socket)
            #expect(try await socket.expect("response.error", requestID: interrupting)["error_code"] == "CONFLICT")
            for foreign in [ownMessage, scene.answer.messageID] {
                let recreating = try await socket.recreate(foreign)
                let refusal = try await socket.expect("response.error", requestID: recreating)
                #expect(refusal["error_code"] == "MESSAGE_NOT_FOUND")
            }
            #expect(try await scene.owner.api().post("/api/v1/messages/\(ownMessage)/stop")["stopped"] == true)
        }
    }

    @Test(
        "A guest who watches is shown nothing more once the share is revoked, and the stream runs on",
        arguments: [0, 1]
    )
    func revokedWhileWatching(gateway: Int) async throws {
        try await withSharedCluster { cluster in
            let scene = try await scene(in: cluster)
            let socket = try await scene.guest.connect(gateway: 0)
            let request = try await scene.send("/pace 50ms /words 2000", on: socket)
            let message = try await socket.begun(request).string("message_id")
            _ = try await socket.chunks(2, of: request)
            let device = try await scene.guest.connect(gateway: gateway)
            let watching = try await device.resume(message, from: 0)
            var seen = ResumedStream()
            try await seen.follow(device, watching, upTo: 2)
            let url = "/api/v1/sessions/\(scene.session)/shares/\(scene.share)"
            #expect(try await scene.owner.api().delete(url).status == 200)
            try await seen.follow(device, watching)
            #expect(seen.end?["error_code"] == "MESSAGE_NOT_FOUND")
            let end = try await socket.expect("message.streaming.error", requestID: request)
            #expect(end["error_code"] == "MESSAGE_NOT_FOUND")
            #expect(try await scene.owner.message(message).messageState == "streaming")
            #expect(try await scene.owner.api().post("/api/v1/messages/\(message)/stop")["stopped"] == true)
        }
    }

    @Test("A share that is revoked, forged or another session's opens nothing, the own branch neither")
    func revoked() async throws {
        try await withSharedCluster { cluster in
            let scene = try await scene(in: cluster)
            let socket = try await scene.guest.connect(gateway: 0)
            let branch = try await socket.stream(of: try await scene.send("mine", on: socket))
            let other = try await scene.owner.makeSession()
            let elsewhere = try await socket.send(
                "message.send",
                ["session_id": .string(other), "content": "no", "share_token": .string(scene.share)]
            )
            #expect(
                try await socket.expect("response.error", requestID: elsewhere)["error_code"] == "SESSION_NOT_FOUND"
            )
            let url = "/api/v1/sessions/\(scene.session)/shares/\(scene.share)"
            #expect(try await scene.owner.api().delete(url).status == 200)
            for parent in [nil, branch.messageID] {
                let request = try await scene.send("no", parent: parent, on: socket)
                #expect(try await socket.expect("response.error", requestID: request)["error_code"] == "NOT_FOUND")
            }
            let read = try await scene.guest.api().get("/api/v1/messages/\(branch.messageID)")
            #expect(read.status == 404)
            let resuming = try await socket.resume(branch.messageID, from: nil)
            #expect(
                try await socket.expect("response.error", requestID: resuming)["error_code"] == "MESSAGE_NOT_FOUND"
            )
            #expect(try await scene.owner.message(branch.messageID).messageText == "mine")
        }
    }
}
