public import Logging

/// The metadata keys of this program's log: a closed list, so that a query written once finds every record.
public enum LogKey: String, Sendable, CaseIterable {
    case address
    case attempt
    case backend
    case bytes
    case clientID = "client_id"
    case closeCode = "close_code"
    case connectionID = "connection_id"
    case count
    case deliveryID = "delivery_id"
    case dependency
    case durationMilliseconds = "duration_ms"
    case error
    case errorCode = "error_code"
    case eventType = "event_type"
    case host
    case messageID = "message_id"
    case method
    case nodeID = "node_id"
    case operation
    case peerNodeID = "peer_node_id"
    case phase
    case port
    case reason
    case requestID = "request_id"
    case retryAfterMilliseconds = "retry_after_ms"
    case role
    case route
    case sequence = "seq"
    case sessionID = "session_id"
    case sessionTypeID = "session_type_id"
    case signal
    case state
    case status
    case traceID = "trace_id"
    case version
}

extension Logger {
    /// Reads and writes the metadata every record of this logger carries.
    public subscript(key: LogKey) -> Logger.MetadataValue? {
        get { self[metadataKey: key.rawValue] }
        set { self[metadataKey: key.rawValue] = newValue }
    }

    /// A copy whose records also carry `value` under `key`.
    public func with(_ key: LogKey, _ value: some CustomStringConvertible & Sendable) -> Logger {
        var logger = self
        logger[key] = .stringConvertible(value)
        return logger
    }
}

extension Dictionary where Key == String, Value == Logger.MetadataValue {
    /// Metadata of one record by known keys: `logger.info("Stream ended", metadata: .keys([.messageID: "\(id)"]))`.
    public static func keys(_ values: [LogKey: Logger.MetadataValue]) -> Logger.Metadata {
        Logger.Metadata(uniqueKeysWithValues: values.map { ($0.key.rawValue, $0.value) })
    }
}
