/// What came of a request for a stream.
public enum StreamBeginning: Sendable {
    /// Committed; ``BegunStream/start(viewer:)`` has the answer generated.
    case begun(BegunStream)
    /// The same request came before, by its idempotency key: this is its stream.
    case repeated(userMessageID: MessageID?, messageID: MessageID, sessionID: SessionID)
}

/// A stream that is committed and not yet running.
public struct BegunStream: Sendable {
    /// The message that was written with it; `nil` unless it answers a new one.
    public let userMessageID: MessageID?
    private let stream: RunningStream
    private let registry: StreamRegistry

    init(_ stream: RunningStream, userMessageID: MessageID? = nil, in registry: StreamRegistry) {
        self.userMessageID = userMessageID
        self.stream = stream
        self.registry = registry
    }

    /// The answer, or the run of the summary.
    public var messageID: MessageID { stream.identity.messageID }
    public var sessionID: SessionID { stream.identity.sessionID }
    /// Whose session it is in.
    public var clientID: ClientID { stream.identity.clientID }

    /// Has the answer generated and shown to `viewer` from its beginning; returns at once, the stream runs in a task of
    /// its own.
    public func start(viewer: any StreamViewer) {
        stream.show(to: viewer, from: 0)
        registry.start(stream)
    }
}

extension StreamServices {
    /// The stream of an answer whose beginning is committed.
    ///
    /// - Parameters:
    ///   - owner: of the session.
    ///   - store: as in ``RunningStream``.
    ///   - graceSeconds: as in ``RunningStream``.
    func begun(
        _ answer: AnswerRequest,
        owner: ClientID,
        userMessageID: MessageID? = nil,
        store: (any StreamStore)? = nil,
        graceSeconds: Int? = nil
    ) -> StreamBeginning {
        let stream = RunningStream(
            identity: StreamIdentity(answer, clientID: owner),
            request: answer,
            services: self,
            store: store,
            graceSeconds: graceSeconds
        )
        return .begun(BegunStream(stream, userMessageID: userMessageID, in: registry))
    }
}

extension StreamIdentity {
    init(_ answer: AnswerRequest, clientID: ClientID) {
        self.init(
            clientID: clientID,
            sessionID: answer.sessionID,
            sessionTypeID: answer.sessionType.id,
            messageID: answer.responseMessageID
        )
    }
}

/// What a request says about its own stream, whatever it asks for.
public struct StreamWishes: Hashable, Sendable {
    /// What to do when the message to hang under, or to replace, is still being streamed.
    public enum OnBusy: String, CaseIterable, Sendable {
        case refuse
        /// Stop that stream first.
        case interrupt
        /// Begin when it has ended, in the order of arrival.
        case enqueue
    }

    /// What becomes of the stream when nobody watches it any more.
    public enum OnDisconnect: String, CaseIterable, Sendable {
        case `continue`
        /// It is abandoned, unless somebody comes back in time.
        case cancel
    }

    public var onBusy: OnBusy
    public var onDisconnect: OnDisconnect

    public init(onBusy: OnBusy = .refuse, onDisconnect: OnDisconnect = .continue) {
        self.onBusy = onBusy
        self.onDisconnect = onDisconnect
    }

    init(from reader: inout ObjectReader) {
        onBusy = reader.word("on_busy", as: OnBusy.self) ?? .refuse
        onDisconnect = reader.word("on_disconnect", as: OnDisconnect.self) ?? .continue
    }
}
