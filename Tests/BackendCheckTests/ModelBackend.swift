import ChatBackends
import ChatCore
import NIOCore
import NIOHTTP1
import Synchronization
import TestSupport

/// A time that stands still until a test moves it.
final class ManualTime: Sendable {
    private let instant = Mutex(ContinuousClock.now)

    var now: ContinuousClock.Instant { instant.withLock { $0 } }

    func pass(_ duration: Duration) {
        instant.withLock { $0 += duration }
    }
}

/// A backend that keeps the contract, but for the expectation that is its fault.
final class ModelBackend: Sendable {
    static let secret = "whsec_bW9kZWwgYmFja2VuZCBzZWNyZXQgMQ=="
    static let failingPrompt = "fail"
    static let longPrompt = "count"

    private struct State {
        var bodies: Set<String> = []
        var deletedSessions: Set<String> = []
        var longAnswers = 0
        var isAnswering = false
    }

    /// The id of the expectation that is not met.
    private let fault: String?
    private let isSigned: Bool
    /// Passes when the backend lets it, so that answers are as quick as the backend is on the busiest machine.
    let time = ManualTime()
    private let state = Mutex(State())
    private let refusals: AsyncStream<Void>
    private let refusal: AsyncStream<Void>.Continuation

    init(fault: String? = nil, isSigned: Bool = false) {
        self.fault = fault
        self.isSigned = isSigned
        (refusals, refusal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    func answer(_ exchange: StubBackend.Exchange) async throws {
        guard isAllowed(exchange) else { return try await refuse(exchange, .unauthorized) }
        guard case .object(let call)? = try? JSONParser.parse(exchange.body) else {
            return try await fault == "robust.malformed" ? json(exchange, [:]) : refuse(exchange, .badRequest)
        }
        let isRepeated = state.withLock { !$0.bodies.insert(exchange.body).inserted }
        switch call["event"]?.stringValue {
        case "session.created": try await created(exchange, call, isRepeated: isRepeated)
        case "message.new": try await message(exchange, call)
        case "message.recreate" where fault == "recreate.answer": try await refuse(exchange, .notFound)
        case "message.recreate": try await stream(exchange, long: false)
        case "session.summary":
            try await json(exchange, fault == "summary.answer" ? [:] : ["summary": "Short.", "metadata": [:]])
        case "session_type.health_check": try await health(exchange)
        case "message.aborted", "message.reaction", "session.deleted":
            try await background(exchange, call, isRepeated: isRepeated)
        default:
            try await fault == "robust.unknown_event" ? refuse(exchange, .internalServerError) : json(exchange, [:])
        }
    }

    // MARK: Events

    private func created(_ exchange: StubBackend.Exchange, _ call: JSONObject, isRepeated: Bool) async throws {
        if fault == "created.answer" { return try await json(exchange, [:]) }
        if fault == "created.switch", call["previous_session_type_id"] != nil {
            return try await refuse(exchange, .notImplemented)
        }
        if fault == "created.repeated", isRepeated { return try await refuse(exchange, .conflict) }
        let capability: JSONValue = ["id": "loud", "name": "Loud"]
        try await json(
            exchange,
            ["available_capabilities": .array(fault == "created.ids" ? [capability, capability] : [capability])]
        )
    }

    private func health(_ exchange: StubBackend.Exchange) async throws {
        let status =
            switch fault {
            case "health.answer": "fine"
            case "health.status": "degraded"
            default: "healthy"
            }
        try await json(exchange, ["status": .string(status), "version": "1", "capabilities": []])
    }

    private func background(_ exchange: StubBackend.Exchange, _ call: JSONObject, isRepeated: Bool) async throws {
        let event = call["event"]?.stringValue ?? ""
        let session = call["session_id"]?.stringValue ?? ""
        let isLate = state.withLock { state in
            if event == "session.deleted" { return !state.deletedSessions.insert(session).inserted }
            return state.deletedSessions.contains(session)
        }
        let isRefused =
            switch fault {
            case "aborted.answer": event == "message.aborted"
            case "reaction.answer": event == "message.reaction"
            case "deleted.answer": event == "session.deleted"
            case "background.repeated": isRepeated
            case "background.late": isLate
            default: false
            }
        try await isRefused ? refuse(exchange, .internalServerError) : json(exchange, [:])
    }

    private func message(_ exchange: StubBackend.Exchange, _ call: JSONObject) async throws {
        let parts = call["message"]?["content"]?.arrayValue ?? []
        let text = parts.first?["text"]?.stringValue ?? ""
        let isRefused =
            switch fault {
            case "new.content": parts.contains { $0["type"] != "text" }
            case "new.capabilities": call["enabled_capabilities"]?.arrayValue?.isEmpty == false
            case "new.unknown_fields": call["backend_check_field"] != nil
            case "new.long_history": exchange.body.utf8.count > 1 << 20
            case "new.split": !exchange.body.utf8.allSatisfy { $0 < 0x80 }
            default: false
            }
        if isRefused { return try await refuse(exchange, .badRequest) }
        if fault == "new.parallel" { return try await oneAtATime(exchange) }
        if text == Self.failingPrompt, fault != "stream.error" {
            try await exchange.begin()
            try await exchange.write("event: error\ndata: {\"message\": \"As asked.\", \"error_code\": \"MODEL\"}\n\n")
            return try await exchange.end()
        }
        let isLong = text == Self.longPrompt
        let longAnswers = state.withLock { state in
            if isLong { state.longAnswers += 1 }
            return state.longAnswers
        }
        if fault == "cancel.goes_on", longAnswers > 0, !isLong {
            return try await refuse(exchange, .serviceUnavailable)
        }
        // Each long answer keeps one of four workers for ever.
        if fault == "cancel.frees_workers", longAnswers > 4 { return try await exchange.connectionClosed.get() }
        if fault == "time.head" { return try await exchange.connectionClosed.get() }
        try await stream(exchange, long: isLong)
    }

    /// Refuses whoever comes while it answers somebody, whom it answers only then.
    private func oneAtATime(_ exchange: StubBackend.Exchange) async throws {
        let isBusy = state.withLock { state in
            defer { state.isAnswering = true }
            return state.isAnswering
        }
        if isBusy {
            refusal.yield()
            return try await refuse(exchange, .serviceUnavailable)
        }
        var iterator = refusals.makeAsyncIterator()
        await iterator.next()
        try await stream(exchange, long: false)
    }

    private func stream(_ exchange: StubBackend.Exchange, long: Bool) async throws {
        try await exchange.begin()
        if long, fault?.hasPrefix("cancel.") == true {
            try await exchange.write("event: chunk\ndata: {\"type\": \"text\", \"content\": \"one\"}\n\n")
            return try await exchange.connectionClosed.get()
        }
        let count = long ? 10 : 2
        var text = String(
            repeating: "event: chunk\ndata: {\"type\": \"text\", \"content\": \"one \"}\n\n",
            count: count
        )
        if fault == "time.silence" {
            try await exchange.write(text)
            return try await exchange.connectionClosed.get()
        }
        let usage = fault == "stream.usage" ? "{\"tokens\": 3}" : "{\"input_tokens\": 1, \"output_tokens\": 2}"
        if fault != "new.answer" { text += "event: complete\ndata: {\"metadata\": {\"usage\": \(usage)}}\n\n" }
        // Held back for a while, then sent all at once.
        if long, fault == "stream.flushed" { time.pass(.seconds(1)) }
        try await exchange.write(text)
        if fault == "stream.end" { return try await exchange.connectionClosed.get() }
        try await exchange.end()
    }

    // MARK: Signatures

    private func isAllowed(_ exchange: StubBackend.Exchange) -> Bool {
        guard isSigned else { return true }
        if fault == "signature.accepted" { return false }
        let headers = exchange.head.headers
        guard let id = headers.first(name: "webhook-id"), let given = headers.first(name: "webhook-signature"),
            let seconds = headers.first(name: "webhook-timestamp").flatMap({ Int64($0) })
        else { return fault == "signature.missing" }
        let time = Timestamp(microsecondsSince1970: seconds * 1_000_000)
        if fault != "signature.old", abs(Timestamp.now.microsecondsSince1970 / 1_000_000 - seconds) > 300 {
            return false
        }
        if fault == "signature.forged" || fault == "signature.altered" { return true }
        let fields = BackendContract.signature(secret: Self.secret, id: id, time: time, body: Array(exchange.body.utf8))
        let expected = fields.first { $0.name == "webhook-signature" }?.value ?? ""
        return fault == "signature.rotated"
            ? given == expected : given.split(separator: " ").contains { $0 == expected }
    }

    // MARK: Answers

    private func json(_ exchange: StubBackend.Exchange, _ body: JSONValue) async throws {
        try await exchange.respond(.ok, StubBackend.Exchange.json, body.text)
    }

    private func refuse(_ exchange: StubBackend.Exchange, _ status: HTTPResponseStatus) async throws {
        try await exchange.respond(status, StubBackend.Exchange.json, "{}")
    }
}
