import Logging

/// The metadata keys of this module's log records.
enum RedisLogKey: String {
    case address, connection, error, step
    case attempts
    case delayMilliseconds = "delay_ms"
}

extension Dictionary where Key == String, Value == Logger.MetadataValue {
    init(_ pairs: KeyValuePairs<RedisLogKey, Logger.MetadataValue>) {
        self.init(pairs.map { ($0.rawValue, $1) }, uniquingKeysWith: { _, last in last })
    }
}

extension Logger {
    func record(
        _ level: Logger.Level,
        _ message: Logger.Message,
        _ metadata: KeyValuePairs<RedisLogKey, Logger.MetadataValue>
    ) {
        log(level: level, message, metadata: Logger.Metadata(metadata))
    }
}
