import Logging
import Synchronization

/// Keeps what is logged, as one text a record.
final class RecordingLog: Sendable {
    private let kept = Mutex<[String]>([])

    var records: [String] { kept.withLock { $0 } }

    var logger: Logger {
        var logger = Logger(label: "test") { _ in Handler(log: self) }
        logger.logLevel = .trace
        return logger
    }

    private func keep(_ record: String) { kept.withLock { $0.append(record) } }

    private struct Handler: LogHandler {
        let log: RecordingLog
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace

        subscript(metadataKey key: String) -> Logger.MetadataValue? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let pairs = metadata.merging(event.metadata ?? [:]) { _, new in new }
                .sorted { $0.key < $1.key }
                .map { "\($0.key)=\($0.value)" }
            log.keep("\(event.level) \(event.message) \(pairs.joined(separator: " "))")
        }
    }
}
