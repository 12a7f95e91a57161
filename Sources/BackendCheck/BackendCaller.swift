import AsyncHTTPClient
import ChatBackends
import ChatCore
import Foundation
import NIOCore
import NIOHTTP1

/// Calls a backend as the engine does, and records what comes back.
struct BackendCaller: Sendable {
    /// How a call is signed.
    enum Signing: Sendable {
        /// As the engine does it, when there is a secret.
        case right
        case missing
        /// With another secret.
        case forged
        /// Right for another body.
        case altered
        /// Right, and this far from now.
        case shifted(seconds: Int64)
        /// A right one behind a wrong one.
        case rotated
    }

    /// When the check has seen enough of an answer.
    enum Cut: Sendable {
        case never
        /// As soon as something of its body is there, or at its end.
        case atFirstBytes
    }

    let options: CheckOptions
    private let client: HTTPClient

    init(_ options: CheckOptions) {
        self.options = options
        let timeout = TimeAmount(options.timeout)
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(connect: .seconds(10), read: timeout),
            proxy: nil,
            decompression: .disabled
        )
        configuration.connectionPool.retryConnectionEstablishment = false
        // Every call has a connection of its own when it needs one; the engine allows a session type 1024.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1024
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func shutdown() async throws { try await client.shutdown() }

    /// Makes one call and returns when its answer has ended, was cut, or is too late.
    func call(
        _ event: CheckEvent,
        id: String = "msg_\(EntityID<CheckEvent>.make())",
        signing: Signing = .right,
        inPieces: Bool = false,
        cut: Cut = .never
    ) async -> AnswerRecording {
        var request = HTTPClientRequest(url: options.url)
        request.method = .POST
        request.headers = [
            "content-type": "application/json",
            "accept": "text/event-stream, application/json",
            "user-agent": "chat-engine",
        ]
        request.headers.add(contentsOf: signature(signing, id: id, body: event.body))
        request.body =
            inPieces
            ? .stream(Pieces(of: event.body), length: .known(Int64(event.body.count)))
            : .bytes(ByteBuffer(bytes: event.body))
        // An answer that has said `complete` has little time to end.
        let (completions, completion) = AsyncStream.makeStream(of: Void.self)
        return await withTaskGroup(of: AnswerRecording?.self) { [request] group in
            group.addTask { await record(request, cut: cut) { completion.finish() } }
            group.addTask {
                for await _ in completions {}
                try? await Task.sleep(for: options.drain)
                return nil
            }
            var recording = AnswerRecording()
            while let ended = await group.next() {
                if let ended { recording = ended }
                group.cancelAll()
            }
            return recording
        }
    }

    private func record(
        _ request: HTTPClientRequest,
        cut: Cut,
        onComplete: @Sendable () -> Void
    ) async -> AnswerRecording {
        var recording = AnswerRecording()
        let start = options.now()
        do {
            let response = try await client.execute(request, deadline: .now() + TimeAmount(options.timeout))
            recording.head(Int(response.status.code), response.headers, after: options.now() - start)
            for try await buffer in response.body {
                let time = options.now() - start
                recording.read(buffer, after: time)
                if recording.isComplete { onComplete() }
                if recording.isTooLarge { return recording.ending(.cut) }
                if time > options.maximumDuration {
                    return recording.ending(.broken("the answer took longer than \(options.maximumDuration)"))
                }
                if case .atFirstBytes = cut { return recording.ending(.cut) }
            }
            // A body that is cancelled may end like one that is whole.
            return recording.ending(Task.isCancelled && recording.isComplete ? .lingered : .whole)
        } catch {
            return recording.ending(Self.end(for: error, of: recording, timeout: options.timeout))
        }
    }

    private func signature(_ signing: Signing, id: String, body: [UInt8]) -> [(name: String, value: String)] {
        guard let secret = options.secret else { return [] }
        func fields(_ secret: String, _ body: [UInt8], shift: Int64 = 0) -> [(name: String, value: String)] {
            let time = Timestamp.now.advanced(bySeconds: shift)
            return BackendContract.signature(secret: secret, id: id, time: time, body: body)
        }
        // `whsec_` and 24 bytes that are nobody's secret.
        let foreign = "whsec_YSBzZWNyZXQgb2Ygbm9ib2R5IGF0IGFs"
        switch signing {
        case .right: return fields(secret, body)
        case .missing: return []
        case .forged: return fields(foreign, body)
        case .altered: return fields(secret, body + [UInt8(ascii: " ")])
        case .shifted(let seconds): return fields(secret, body, shift: seconds)
        case .rotated:
            let wrong = fields(foreign, body).first { $0.name == "webhook-signature" }?.value ?? ""
            return fields(secret, body).map { field in
                field.name == "webhook-signature" ? (field.name, "\(wrong) \(field.value)") : field
            }
        }
    }

    private static func end(
        for error: any Error,
        of recording: AnswerRecording,
        timeout: Duration
    ) -> AnswerRecording.End {
        if recording.isComplete { return .lingered }
        if error is CancellationError { return .broken("the check was cancelled") }
        switch error as? HTTPClientError {
        case .deadlineExceeded?: return .timedOut("no head came within \(timeout)")
        case .readTimeout?:
            return .timedOut(
                recording.status == nil ? "no head came within \(timeout)" : "nothing came for \(timeout)"
            )
        case .remoteConnectionClosed?:
            return .broken(
                "the connection was closed \(recording.status == nil ? "without" : "in the middle of") an answer"
            )
        case .connectTimeout?, .tlsHandshakeTimeout?, .getConnectionFromPoolTimeout?:
            return .unreachable("no connection was established in time")
        default: break
        }
        // What is left are failures to connect, unless something was sent or said already.
        let isReset = (error as? IOError).map { [ECONNRESET, EPIPE].contains($0.errnoCode) } ?? false
        let isConnected =
            recording.status != nil || isReset || error is HTTPParserError || error is HTTPClientError
        return isConnected ? .broken("the connection failed: \(error)") : .unreachable("\(error)")
    }
}

/// A body in pieces, each of which arrives by itself, some of them split inside a character.
private struct Pieces: AsyncSequence, Sendable {
    let bytes: [UInt8]

    init(of bytes: [UInt8]) {
        self.bytes = bytes
    }

    func makeAsyncIterator() -> Iterator { Iterator(rest: bytes[...]) }

    struct Iterator: AsyncIteratorProtocol {
        var rest: ArraySlice<UInt8>
        var isFirst = true

        /// Pieces end after the first byte of a character that has several, and go on after a moment.
        mutating func next() async throws -> ByteBuffer? {
            guard !rest.isEmpty else { return nil }
            if !isFirst { try await Task.sleep(for: .milliseconds(20)) }
            isFirst = false
            let lead = rest.firstIndex { $0 >= 0xC0 } ?? rest.endIndex
            let piece = rest[..<Swift.min(lead + 1, rest.endIndex)]
            rest = rest[piece.endIndex...]
            return ByteBuffer(bytes: piece)
        }
    }
}

extension AnswerRecording {
    fileprivate func ending(_ end: End) -> AnswerRecording {
        var recording = self
        recording.ended(end)
        return recording
    }
}

extension TimeAmount {
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .seconds(seconds) + .nanoseconds(attoseconds / 1_000_000_000)
    }
}
