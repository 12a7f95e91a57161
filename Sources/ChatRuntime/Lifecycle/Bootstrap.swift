internal import CoreMetrics
public import Logging
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Sets up what exists once in a process: log, metrics, the handling of broken pipes.
public enum Bootstrap {
    private static let metrics = Mutex<PrometheusMetricsFactory?>(nil)

    /// Sends the log to standard error and the metrics to the factory returned. Later calls change nothing and return
    /// the same factory.
    ///
    /// - Parameters:
    ///   - nodeName: `node_id` of every record; `nil` for a command that is no node.
    ///   - metadataProvider: adds what the running task knows, such as the trace id, to every record.
    @discardableResult
    public static func start(
        _ configuration: LoggingConfiguration,
        nodeName: String?,
        metadataProvider: Logger.MetadataProvider? = nil
    ) -> PrometheusMetricsFactory {
        metrics.withLock { metrics in
            if let metrics { return metrics }
            // A reader of our output that goes away must not take the process with it.
            signal(SIGPIPE, SIG_IGN)
            LoggingSystem.bootstrap(
                { label, provider in
                    LineLogHandler(
                        label: label,
                        configuration: configuration,
                        nodeName: nodeName,
                        metadataProvider: provider
                    )
                },
                metadataProvider: metadataProvider
            )
            let factory = PrometheusMetricsFactory()
            MetricsSystem.bootstrap(factory)
            metrics = factory
            return factory
        }
    }
}
