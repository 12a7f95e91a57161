public import ChatCore
public import ChatRuntime
public import Logging
internal import Metrics

/// What the REST nodes need from outside.
public struct RESTServices: Sendable {
    let sessionTypes: any SessionTypeStore
    let checkSessionType: CheckSessionType
    let sessions: any SessionStore
    let messages: any MessageStore
    let createSession: CreateSession
    let stopMessage: StopMessage
    let sendMulti: SendMulti
    let editing: EditingServices
    let search: any SearchStore
    let exporting: ExportingServices
    let shares: any ShareStore
    let keptAnswers: any KeptAnswerStore
    let followEvents: FollowEvents
    /// Ends what waits when the node goes away.
    let drain: DrainState
    /// Turns a token into its caller; throws ``ChatError`` `AUTH_REQUIRED`.
    let verify: @Sendable (String) async throws -> Caller
    let logger: Logger
    /// Where the metrics go: to the process's own, unless a test looks at them.
    var metricsFactory: any MetricsFactory = MetricsSystem.factory
    var repetitionTiming = Repetitions.Timing()

    public init(
        sessionTypes: any SessionTypeStore,
        checkSessionType: CheckSessionType,
        sessions: any SessionStore,
        messages: any MessageStore,
        createSession: CreateSession,
        stopMessage: StopMessage,
        sendMulti: SendMulti,
        editing: EditingServices,
        search: any SearchStore,
        exporting: ExportingServices,
        shares: any ShareStore,
        keptAnswers: any KeptAnswerStore,
        followEvents: FollowEvents,
        drain: DrainState,
        verify: @escaping @Sendable (String) async throws -> Caller,
        logger: Logger
    ) {
        self.sessionTypes = sessionTypes
        self.checkSessionType = checkSessionType
        self.sessions = sessions
        self.messages = messages
        self.createSession = createSession
        self.stopMessage = stopMessage
        self.sendMulti = sendMulti
        self.editing = editing
        self.search = search
        self.exporting = exporting
        self.shares = shares
        self.keptAnswers = keptAnswers
        self.followEvents = followEvents
        self.drain = drain
        self.verify = verify
        self.logger = logger
    }
}
