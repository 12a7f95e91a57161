import CLibPQ
import Logging

/// Logs the server's notices at debug level, which libpq would write to standard error.
///
/// It has to outlive the connection it is attached to.
final class NoticeLogger {
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    func attach(to connection: OpaquePointer) {
        PQsetNoticeReceiver(
            connection,
            { context, result in
                guard let context, let result else { return }
                Unmanaged<NoticeLogger>.fromOpaque(context).takeUnretainedValue().log(result)
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
    }

    /// The notice's words may quote values, so only its class and origin are logged.
    private func log(_ result: OpaquePointer) {
        func field(_ code: UnicodeScalar) -> Logger.MetadataValue {
            "\(PQresultErrorField(result, Int32(code.value)).map { String(cString: $0) } ?? "")"
        }
        logger.debug(
            "PostgreSQL sent a notice",
            metadata: ["severity": field("V"), "sql_state": field("C"), "routine": field("R")]
        )
    }
}
