package import ChatCore
package import NIOCore

/// What the engine sends to backends and how it reads their answers, for `chat-engine-backend-check`: a backend is held
/// to the very code that will call it.
package enum BackendContract {
    /// What an answer has that the contract does not allow, in words for the backend's developer.
    package struct Violation: Error, Hashable, CustomStringConvertible {
        package let description: String

        init(_ failure: BackendFailure) {
            description = failure.description
        }
    }

    /// The body of `session.created`.
    package static func body(of notice: SessionCreatedNotice, at time: Timestamp) -> [UInt8] { notice.body(at: time) }

    /// The body of `session_type.health_check`.
    package static func healthCheckBody(of sessionType: SessionType, at time: Timestamp) -> [UInt8] {
        sessionType.healthCheckBody(at: time)
    }

    /// The body of `message.new`, `message.recreate` or `session.summary`.
    package static func body(of request: AnswerRequest, at time: Timestamp) -> [UInt8] { request.body(at: time) }

    /// The body of `message.aborted`, `session.deleted` or `message.reaction`.
    package static func body(of event: BackgroundEvent) -> [UInt8] { event.body }

    /// The header fields that sign a body.
    package static func signature(
        secret: String,
        id: String,
        time: Timestamp,
        body: [UInt8]
    ) -> [(name: String, value: String)] {
        WebhookSignature(secret: secret).headers(id: id, time: time, body: body)
    }

    /// The capabilities in an answer to `session.created`.
    package static func capabilities(in body: ByteBuffer) throws(Violation) -> [Capability] {
        do {
            return try BackendAnswer.capabilities(body)
        } catch {
            throw Violation(error)
        }
    }

    /// A plain JSON answer, to a message or to `session.summary`, as the events of a stream.
    package static func events(in body: ByteBuffer, toSummary: Bool) throws(Violation) -> [BackendEvent] {
        do {
            return try BackendAnswer.events(body, to: toSummary ? .sessionSummary : .messageNew)
        } catch {
            throw Violation(error)
        }
    }

    /// Reads a stream of server-sent events as the engine does.
    package struct StreamReader: Sendable {
        private var decoder: StreamDecoder
        private var parser: SSEParser
        /// The data of `event: error`, when the stream said that.
        package private(set) var reportedError: [UInt8]?

        package init() {
            let bytes = WebhookConfiguration().maximumEventBytes
            let limits = SSEParser.Limits(lineBytes: bytes, eventBytes: bytes)
            decoder = StreamDecoder(limits: limits)
            parser = SSEParser(limits: limits)
        }

        /// The stream said `complete`.
        package var isComplete: Bool { decoder.isComplete }

        /// Appends the events that `buffer` completes, those before a violation too.
        package mutating func read(_ buffer: ByteBuffer, into events: inout [BackendEvent]) throws(Violation) {
            var reported = reportedError
            try? buffer.withUnsafeReadableBytes { bytes in
                try parser.parse(bytes) { event in
                    if reported == nil, event.name.elementsEqual("error".utf8) { reported = Array(event.data) }
                }
            }
            reportedError = reported
            do {
                try decoder.decode(buffer, into: &events)
            } catch {
                throw Violation(error)
            }
        }

        /// To be called when the body has ended.
        package func finish() throws(Violation) {
            do {
                try decoder.finish()
            } catch {
                throw Violation(error)
            }
        }
    }
}
