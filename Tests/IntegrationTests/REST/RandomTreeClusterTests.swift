import ChatCore
import TestSupport
import Testing

/// Devices of one client that change the same sessions at random, over several REST nodes and gateways, leave a tree that
/// keeps every rule of `contract/semantics.md`, 'Message tree', and were told of everything exactly once and in order.
@Suite(.timeLimit(.minutes(5)))
struct RandomTreeClusterTests {
    private static let devices = 4
    private static let stepsPerDevice = 25

    @Test func devicesOnSeveralNodesLeaveAValidTree() async throws {
        let seed = SeededGenerator.chooseSeed(for: "RandomTreeClusterTests")
        try await withCluster(TestCluster.Shape()) { cluster in
            let client = try await TestClient(of: cluster)
            let other = try await cluster.addSessionType(["webhook_url": .string(cluster.backendURL)])
            let watchers = [try await client.connect(gateway: 0), try await client.connect(gateway: 1)]
            var sessions: [String] = []
            for _ in 0..<3 { sessions.append(try await client.makeSession()) }
            let shared = sessions
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<Self.devices {
                    group.addTask {
                        var device = RandomTreeDevice(
                            client: client,
                            number: number,
                            sessions: shared,
                            types: [cluster.sessionTypeID, other],
                            seed: seed &+ UInt64(number)
                        )
                        do {
                            try await device.run(steps: Self.stepsPerDevice)
                        } catch {
                            throw TestSupportError("TEST_SEED=\(seed): \(error)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await cluster.database.checkTree()
            try await cluster.database.checkEventLog()
            let last = Int(
                try await cluster.database.query(
                    "SELECT last_seq FROM event_counters WHERE client_id = '\(client.id)'"
                )
            )
            let count = try #require(last)
            for watcher in watchers {
                #expect(sequence(try await watcher.pushes(count)) == Array(1...Int64(count)), "TEST_SEED=\(seed)")
            }
        }
    }
}

/// One device: a connection to one gateway, and REST over nodes in turn.
private struct RandomTreeDevice {
    enum Step: CaseIterable {
        case send, branch, stop, activate, patch, switchType, delete

        var weight: Int {
            switch self {
            case .send, .branch, .activate: 5
            case .stop, .patch, .switchType: 2
            case .delete: 1
            }
        }
    }

    private static let choices = Step.allCases.flatMap { Array(repeating: $0, count: $0.weight) }

    let client: TestClient
    let number: Int
    let sessions: [String]
    let types: [String]
    private var generator: SeededGenerator

    init(client: TestClient, number: Int, sessions: [String], types: [String], seed: UInt64) {
        self.client = client
        self.number = number
        self.sessions = sessions
        self.types = types
        generator = SeededGenerator(seed: seed)
    }

    mutating func run(steps: Int) async throws {
        let socket = try await client.connect(gateway: number % 2)
        for _ in 0..<steps {
            guard let step = Self.choices.randomElement(using: &generator),
                let session = sessions.randomElement(using: &generator)
            else { return }
            switch step {
            case .send: try await send(in: session, over: socket)
            case .branch: try await send(in: session, under: try await randomMessage(of: session), over: socket)
            case .stop: try await send(in: session, over: socket, stopping: true)
            case .activate:
                guard let message = try await randomMessage(of: session) else { continue }
                try await request("POST", "messages/\(message)/activate")
            case .patch:
                let value = Int.random(in: 0..<3, using: &generator)
                try await request("PATCH", "sessions/\(session)", ["metadata": ["n": .integer(value)]])
            case .switchType:
                let type = types.randomElement(using: &generator) ?? types[0]
                try await request("PATCH", "sessions/\(session)/type", ["new_session_type_id": .string(type)])
            case .delete:
                // Only the last session is ever deleted, so that there is something left to check.
                try await request("DELETE", "sessions/\(sessions[sessions.count - 1])")
            }
        }
    }

    /// Sends a text and waits for the end of its answer, or for its refusal: the parent may be streaming, or gone.
    private mutating func send(
        in session: String,
        under parent: String? = nil,
        over socket: WebSocketClient,
        stopping: Bool = false
    ) async throws {
        let text = stopping ? "/pace 20ms /words 500" : "/pace 1ms /words 5"
        let request = try await socket.say(text, in: session, parent: parent)
        let answer = try await socket.expect {
            $0.requestID == request && ["message.streaming.start", "response.error"].contains($0.type)
        }
        guard answer.type == "message.streaming.start" else {
            let code = answer.string("error_code")
            guard ["CONFLICT", "SESSION_NOT_FOUND", "MESSAGE_NOT_FOUND"].contains(code) else {
                throw TestSupportError("a message was refused: \(answer)")
            }
            return
        }
        if stopping { try await self.request("POST", "messages/\(answer.string("message_id"))/stop") }
        _ = try await socket.stream(of: request, start: answer)
    }

    private mutating func randomMessage(of session: String) async throws -> String? {
        let node = Int.random(in: 0...1, using: &generator)
        let answer = try await client.api(node).get("/api/v1/sessions/\(session)/messages?path=all&limit=1000")
        let messages = answer["messages"]?.arrayValue ?? []
        return messages.randomElement(using: &generator)?["message_id"]?.stringValue
    }

    /// Makes a request that is carried out, or finds that its object is gone.
    private mutating func request(_ method: String, _ path: String, _ body: JSONValue? = nil) async throws {
        let node = Int.random(in: 0...1, using: &generator)
        let answer = try await client.api(node).send(method, "/api/v1/\(path)", body: body)
        guard [200, 404].contains(answer.status) else { throw TestSupportError("\(method) \(path): \(answer)") }
    }
}
