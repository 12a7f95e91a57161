import ChatCore
import Foundation
import TestSupport

/// A client with two devices, and a follower, that does all that clients do, at random, and notes what came of it.
struct ChaosClient: Sendable {
    private enum Action: CaseIterable {
        case send, stop, burst, recreate, patch, react, activate, share, lose
    }

    /// How often each is done, beside the others.
    private static let weights: [(Action, Int)] = [
        (.send, 8), (.stop, 5), (.burst, 5), (.recreate, 4), (.patch, 4), (.react, 3), (.activate, 2), (.share, 1),
        (.lose, 4),
    ]
    private static let actions = weights.flatMap { Array(repeating: $0.0, count: $0.1) }
    private static let sessionCount = 2

    let client: TestClient
    let devices: [Device]
    /// Follows the events over REST, beside all else.
    let follower: Follower
    private let calls: Calls
    private let history: History
    private var random: SeededGenerator
    private var sessions: [LiveSession] = []

    init(number: Int, of cluster: TestCluster, history: History, seed: UInt64) async throws {
        let client = try await TestClient(of: cluster, expiresInSeconds: 7 * 86400)
        self.client = client
        self.history = history
        random = SeededGenerator(seed: seed)
        calls = Calls(client: client, history: history)
        var devices: [Device] = []
        for letter in ["a", "b"] {
            devices.append(
                Device("device \(number)\(letter)", of: client, history: history, seed: random.next())
            )
        }
        self.devices = devices
        follower = Follower("follower \(number)", of: client, history: history, seed: random.next())
    }

    /// Goes on until told that it is over, and finishes what it has begun.
    mutating func run(until isOver: Watched<Bool>) async {
        while !isOver.current {
            guard sessions.count == Self.sessionCount else {
                await createSession()
                continue
            }
            let index = Int.random(in: 0..<sessions.count, using: &random)
            var session = sessions.remove(at: index)
            let isThere = await act(on: &session)
            session.operationsLeft -= 1
            if !isThere {
                // It was deleted after all.
            } else if session.operationsLeft > 0 {
                sessions.append(session)
            } else if Bool.random(using: &random) {
                await delete(session)
            }
            for device in devices { await device.takeWaiting() }
            // The pace of the workload; nothing is waited for.
            try? await Task.sleep(for: .milliseconds(Int64.random(in: 0...300, using: &random)))
        }
    }

    /// Says whether the session is still there.
    private mutating func act(on session: inout LiveSession) async -> Bool {
        let action = Self.actions.randomElement(using: &random) ?? .send
        let answer = session.answers.randomElement(using: &random)
        switch (action, answer) {
        case (.lose, _): await anyDevice().leave()
        case (.stop, _): return await sendAndStop(in: &session)
        case (.burst, _): return await burst(in: &session)
        case (.patch, _): await patch(session)
        case (.share, _): await share(session)
        case (.recreate, let answer?): return await recreate(answer, in: &session)
        case (.react, let answer?): await react(to: answer, in: session)
        case (.activate, let answer?): await activate(answer, in: session)
        default: return await send(.send, through: anyDevice(), in: &session)
        }
        return true
    }

    private mutating func anyDevice() -> Device {
        devices[Int.random(in: 0..<devices.count, using: &random)]
    }

    private mutating func operation(_ kind: Operation.Kind, in session: String) -> Operation {
        Operation(kind: kind, client: client.id, session: session, mark: "m\(String(random.next(), radix: 36))")
    }

    // MARK: Streams

    private mutating func text(_ mark: String, isLong: Bool = false) -> String {
        let words = isLong ? Int.random(in: 60...150, using: &random) : Int.random(in: 0...40, using: &random)
        let pace = isLong ? 40 : Int.random(in: 5...40, using: &random)
        return "/pace \(pace)ms /words \(words) \(mark)"
    }

    private mutating func send(
        _ kind: Operation.Kind,
        through device: Device,
        in session: inout LiveSession
    ) async -> Bool {
        let operation = operation(kind, in: session.id)
        let text = text(operation.mark)
        let (done, isThere) = await Self.converse(operation, text: text, through: device)
        note(done, in: &session)
        return isThere
    }

    /// Asks for an answer and returns what came of it, and whether its session is still there.
    private static func converse(
        _ operation: Operation,
        text: String,
        through device: Device,
        began: @Sendable (String) -> Void = { _ in }
    ) async -> (Operation, isThere: Bool) {
        var payload: JSONObject = ["session_id": .string(operation.session), "content": .string(text)]
        switch operation.kind {
        case .enqueue: payload["on_busy"] = "enqueue"
        case .interrupt: payload["on_busy"] = "interrupt"
        default: break
        }
        return finished(operation, await device.converse("message.send", .object(payload), began: began))
    }

    private static func finished(
        _ operation: Operation,
        _ outcome: Device.Outcome
    ) -> (Operation, isThere: Bool) {
        var operation = operation
        let exchange: Exchange
        switch outcome {
        case .ended(let done):
            exchange = done
            operation.outcome = .ok
        case .refused(let done, let code):
            exchange = done
            // What has begun was acknowledged.
            operation.outcome = done.messageID == nil ? .failed : .ok
            operation.errorCode = code
        case .unknown(let done):
            exchange = done
            operation.outcome = done.messageID == nil ? .unknown : .ok
        }
        operation.message = exchange.messageID
        if let question = exchange.userMessageID { operation.question = question }
        operation.answer = exchange.answer
        operation.attempts = exchange.attempts
        return (operation, operation.errorCode != "SESSION_NOT_FOUND")
    }

    private func note(_ operation: Operation, in session: inout LiveSession) {
        history.add(operation)
        guard operation.outcome == .ok, let message = operation.message, let question = operation.question else {
            return
        }
        session.answers.append(LiveSession.Answer(message: message, question: question))
    }

    /// Stops an answer at some moment: before it has begun, within it, or when it is just ending.
    private mutating func sendAndStop(in session: inout LiveSession) async -> Bool {
        let operation = operation(.send, in: session.id)
        let text = text(operation.mark, isLong: Bool.random(using: &random))
        let device = anyDevice()
        let pause = Int64.random(in: 0...1500, using: &random)
        var stop = self.operation(.stop, in: session.id)
        let begun = Watched<String?>(nil)
        async let conversation = Self.converse(operation, text: text, through: device) { id in
            if begun.current == nil { begun.update { $0 = id } }
        }
        let message = await begun.wait(timeout: .seconds(20)) { $0 }
        if let message {
            // So that the stop meets the answer at any moment of its life.
            try? await Task.sleep(for: .milliseconds(pause))
            let outcome = await calls.send("POST", "/api/v1/messages/\(message)/stop", random: &random)
            stop.message = message
            stop.outcome = outcome.operation
            stop.attempts = outcome.attempts
            stop.value = outcome.answer?["stopped"] == true ? "true" : "false"
            history.add(stop)
        }
        let (done, isThere) = await conversation
        note(done, in: &session)
        return isThere
    }

    /// While one device has a long answer, the other asks for one that waits or interrupts.
    private mutating func burst(in session: inout LiveSession) async -> Bool {
        let first = operation(.send, in: session.id)
        let second = operation(Bool.random(using: &random) ? .enqueue : .interrupt, in: session.id)
        let texts = [text(first.mark, isLong: true), text(second.mark)]
        let pause = Int64.random(in: 0...500, using: &random)
        let (device, other) = (devices[0], devices[1])
        async let one = Self.converse(first, text: texts[0], through: device)
        // So that the second meets the first at any moment of its life.
        try? await Task.sleep(for: .milliseconds(pause))
        async let two = Self.converse(second, text: texts[1], through: other)
        let (firstDone, isThere) = await one
        let (secondDone, isStillThere) = await two
        note(firstDone, in: &session)
        note(secondDone, in: &session)
        return isThere && isStillThere
    }

    private mutating func recreate(_ answer: LiveSession.Answer, in session: inout LiveSession) async -> Bool {
        var operation = operation(.recreate, in: session.id)
        operation.question = answer.question
        let outcome = await anyDevice().converse("message.recreate", ["message_id": .string(answer.message)])
        let (done, isThere) = Self.finished(operation, outcome)
        note(done, in: &session)
        return isThere
    }

    // MARK: REST

    private mutating func createSession() async {
        var operation = operation(.createSession, in: "")
        let outcome = await calls.send(
            "POST",
            "/api/v1/sessions",
            [
                "session_type_id": .string(client.cluster.sessionTypeID),
                "metadata": .object([operation.mark: true] as JSONObject),
            ],
            random: &random
        )
        operation.session = outcome.answer?["session_id"]?.stringValue ?? ""
        finish(operation, outcome)
        guard outcome.operation == .ok else { return }
        let operations = Int.random(in: 5...40, using: &random)
        sessions.append(LiveSession(id: operation.session, operationsLeft: operations))
    }

    private mutating func delete(_ session: LiveSession) async {
        let operation = operation(.deleteSession, in: session.id)
        var outcome = await calls.send("DELETE", "/api/v1/sessions/\(session.id)", random: &random)
        // The answer of an earlier attempt may have been lost.
        if outcome.attempts > 1, outcome.answer?.status == 404 { outcome.answer?.status = 200 }
        finish(operation, outcome)
    }

    private mutating func patch(_ session: LiveSession) async {
        let operation = operation(.patch, in: session.id)
        let body: JSONValue = ["metadata": .object([operation.mark: .integer(1)] as JSONObject)]
        finish(operation, await calls.send("PATCH", "/api/v1/sessions/\(session.id)", body, random: &random))
    }

    private mutating func react(to answer: LiveSession.Answer, in session: LiveSession) async {
        var operation = operation(.react, in: session.id)
        let reaction = ["like", "dislike", "none"].randomElement(using: &random) ?? "like"
        operation.message = answer.message
        operation.value = reaction
        let path = "/api/v1/messages/\(answer.message)/reaction"
        finish(operation, await calls.send("POST", path, ["reaction_type": .string(reaction)], random: &random))
    }

    private mutating func activate(_ answer: LiveSession.Answer, in session: LiveSession) async {
        var operation = operation(.activate, in: session.id)
        operation.message = answer.message
        finish(operation, await calls.send("POST", "/api/v1/messages/\(answer.message)/activate", random: &random))
    }

    private mutating func share(_ session: LiveSession) async {
        var operation = operation(.share, in: session.id)
        let outcome = await calls.send("POST", "/api/v1/sessions/\(session.id)/share", random: &random)
        operation.value = outcome.answer?["share_token"]?.stringValue
        finish(operation, outcome)
    }

    private func finish(_ operation: Operation, _ outcome: Calls.Outcome) {
        var operation = operation
        operation.outcome = outcome.operation
        operation.attempts = outcome.attempts
        if operation.outcome == .failed { operation.errorCode = outcome.answer?.errorCode }
        history.add(operation)
    }
}
