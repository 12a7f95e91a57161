import ChatCore
import ChatGateway
import ChatStorage

extension StreamOperations {
    /// The operations that stream, joined from the parts of this node.
    ///
    /// - Parameter mayWait: `false` once the node goes away.
    init(
        database: PostgresClient,
        bus: any SignalBus,
        bell: OutboxBell,
        streams: StreamServices,
        directory: any StreamDirectory,
        signals: NodeSignals,
        stopMessage: StopMessage,
        graceSeconds: Int,
        mayWait: @escaping @Sendable () -> Bool
    ) {
        let sessions = SessionRepository(client: database)
        let busyStreams = BusyStreams(
            queue: SendQueueRepository(client: database),
            bus: bus,
            stopMessage: stopMessage,
            mayWait: mayWait
        )
        self.init(
            sendMessage: SendMessage(
                sessions: sessions,
                shares: ShareRepository(client: database),
                streams: streams,
                busyStreams: busyStreams,
                graceSeconds: graceSeconds
            ),
            recreateMessage: RecreateMessage(
                store: RecreationRepository(client: database),
                directory: directory,
                streams: streams,
                busyStreams: busyStreams,
                graceSeconds: graceSeconds
            ),
            summarizeSession: SummarizeSession(
                sessions: sessions,
                summaries: AnnouncingSummaryStore(SummaryRepository(client: database), bell: bell),
                streams: streams
            ),
            watchStream: WatchStream(
                node: streams.node,
                directory: directory,
                registry: streams.registry,
                signals: signals,
                observer: streams.observer
            )
        )
    }
}
