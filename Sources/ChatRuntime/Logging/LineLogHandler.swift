internal import ChatCore
public import Logging

/// Writes each record as one line on standard error, as JSON or as text for people.
///
/// A JSON record has `timestamp`, `level`, `message` and `logger`, then `node_id` and whatever metadata there is.
/// Metadata of the record wins over that of the metadata provider, which wins over the logger's own.
public struct LineLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata
    public var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let format: LoggingConfiguration.Format
    private let output: LogOutput

    init(
        label: String,
        configuration: LoggingConfiguration,
        nodeName: String?,
        metadataProvider: Logger.MetadataProvider? = nil,
        output: LogOutput = .standardError
    ) {
        self.label = label
        self.format = configuration.format
        self.logLevel = configuration.level
        self.metadata = nodeName.map { .keys([.nodeID: .string($0)]) } ?? [:]
        self.metadataProvider = metadataProvider
        self.output = output
    }

    public subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var merged = metadata
        if let provided = metadataProvider?.get() { merged.merge(provided) { _, new in new } }
        if let own = event.metadata { merged.merge(own) { _, new in new } }
        if let error = event.error, merged[LogKey.error.rawValue] == nil {
            merged[LogKey.error.rawValue] = .string(String(describing: error))
        }
        let record = LogRecord(
            time: .now,
            level: event.level,
            message: event.message.description,
            label: label,
            metadata: merged
        )
        output.write(format == .json ? record.json : record.text)
    }
}
