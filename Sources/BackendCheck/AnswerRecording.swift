import ChatBackends
import ChatCore
import NIOCore
import NIOHTTP1

/// What a backend answered to one call, and when: all times count from the moment the call was made.
struct AnswerRecording: Sendable {
    /// What ended it.
    enum End: Hashable, Sendable {
        /// The body ended.
        case whole
        /// The check had seen enough and closed the connection.
        case cut
        /// The body went on long after `complete`.
        case lingered
        /// Nothing came for longer than is allowed.
        case timedOut(String)
        /// Why there is no more.
        case broken(String)
        /// No connection at all.
        case unreachable(String)
    }

    /// The kind of a body, by its content type.
    private enum Kind: Sendable {
        case stream(BackendContract.StreamReader)
        case json
        case other(String)
    }

    private static let maximumBytes = 32 * 1024 * 1024

    private(set) var status: Int?
    private(set) var end: End?
    private(set) var events: [BackendEvent] = []
    /// What in a stream is against the contract.
    private(set) var violation: String?
    private(set) var body = ByteBuffer()
    private(set) var headAfter: Duration?
    private(set) var longestSilence = Duration.zero
    private(set) var firstChunkAfter: Duration?
    private(set) var completeAfter: Duration?
    private var kind = Kind.other("")
    private var isEncoded = false
    private var lastReadAfter = Duration.zero
    private var byteCount = 0

    // MARK: What arrives

    mutating func head(_ status: Int, _ headers: HTTPHeaders, after time: Duration) {
        self.status = status
        headAfter = time
        lastReadAfter = time
        let encoding = headers.first(name: "content-encoding")?.lowercased() ?? "identity"
        isEncoded = encoding != "identity"
        let contentType = headers.first(name: "content-type") ?? ""
        switch contentType.prefix(while: { $0 != ";" && !$0.isWhitespace }).lowercased() {
        case "text/event-stream": kind = .stream(BackendContract.StreamReader())
        case "application/json": kind = .json
        default: kind = .other(contentType)
        }
    }

    mutating func read(_ buffer: ByteBuffer, after time: Duration) {
        if !isComplete { longestSilence = max(longestSilence, time - lastReadAfter) }
        lastReadAfter = time
        byteCount += buffer.readableBytes
        guard byteCount <= Self.maximumBytes else {
            violation = violation ?? "the answer is larger than 32 MiB"
            return
        }
        guard case .stream(var reader) = kind, violation == nil else {
            body.writeImmutableBuffer(buffer)
            return
        }
        let count = events.count
        do throws(BackendContract.Violation) {
            try reader.read(buffer, into: &events)
        } catch {
            violation = error.description
        }
        kind = .stream(reader)
        for event in events[count...] {
            switch event {
            case .chunk: firstChunkAfter = firstChunkAfter ?? time
            case .complete: completeAfter = time
            }
        }
    }

    /// Only the first end counts.
    mutating func ended(_ end: End) {
        self.end = self.end ?? end
        guard case .whole = end, case .stream(let reader) = kind, violation == nil else { return }
        do throws(BackendContract.Violation) {
            try reader.finish()
        } catch {
            violation = error.description
        }
    }

    // MARK: What it means

    /// A stream that said `complete`.
    var isComplete: Bool { completeAfter != nil }

    var isStream: Bool {
        if case .stream = kind { true } else { false }
    }

    var isTooLarge: Bool { byteCount > Self.maximumBytes }

    var chunkCount: Int {
        events.count { if case .chunk = $0 { true } else { false } }
    }

    /// The data of `event: error`.
    var reportedError: [UInt8]? {
        if case .stream(let reader) = kind { reader.reportedError } else { nil }
    }

    /// What is wrong with it whatever was asked; `nil` when it is an answer.
    var failure: String? {
        switch end {
        case .timedOut(let reason)?, .broken(let reason)?, .unreachable(let reason)?: return reason
        case nil: return "there was no answer"
        case .whole?, .cut?, .lingered?: break
        }
        guard let status else { return "there was no answer" }
        guard (200..<300).contains(status) else { return "it was answered with status \(status)" }
        return nil
    }

    /// What keeps it from being the answer to a message; `nil` when it is one.
    var messageViolation: String? { content(toSummary: false).violation }

    /// What keeps it from being the answer to `session.summary`; `nil` when it is one.
    var summaryViolation: String? { content(toSummary: true).violation }

    /// The metadata of `complete` or of the JSON.
    var metadata: JSONObject? {
        for case .complete(let metadata) in content(toSummary: false).events { return metadata }
        return nil
    }

    /// What keeps it from being JSON; `nil` when it is.
    var jsonViolation: String? {
        if let failure { return failure }
        if isEncoded { return "the answer has a content-encoding, which was not asked for" }
        if isTooLarge { return violation }
        switch kind {
        case .json: return json == nil ? "the answer is no JSON object" : nil
        case .stream: return "the answer is a stream where JSON is wanted"
        case .other(let type): return Self.wrongType(type)
        }
    }

    var json: JSONObject? {
        guard case .object(let members)? = try? JSONParser.parse(body.readableBytesView) else { return nil }
        return members
    }

    private func content(toSummary: Bool) -> (violation: String?, events: [BackendEvent]) {
        if let failure { return (failure, events) }
        if isEncoded { return ("the answer has a content-encoding, which was not asked for", events) }
        if let violation { return (violation, events) }
        switch kind {
        case .stream: return (isComplete ? nil : "the stream was cut before its complete event", events)
        case .json:
            do throws(BackendContract.Violation) {
                return (nil, try BackendContract.events(in: body, toSummary: toSummary))
            } catch {
                return (error.description, [])
            }
        case .other(let type): return (Self.wrongType(type), [])
        }
    }

    private static func wrongType(_ type: String) -> String {
        type.isEmpty ? "the answer has no content type" : "the answer has another content type: \(type)"
    }
}
