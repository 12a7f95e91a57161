import ChatCore
import ChatRuntime
import Logging

/// The operations a client can ask for over its connection, by the `type` of the envelope.
enum ConnectionOperations {
    /// Every `type` that is understood, `auth` included.
    static let types = Set(
        [AuthOperation.type, ResumeOperation.type] + StreamOperation.readers.keys
            + LegacyOperation.allCases.map(\.rawValue)
    )

    static func start(_ envelope: ClientEnvelope, caller: Caller, on connection: Connection) {
        let trace = TraceContext.make()
        if let read = StreamOperation.readers[envelope.type] {
            StreamOperation(
                connection: connection,
                envelope: envelope,
                caller: caller,
                trace: trace,
                read: read
            ).start()
        } else if envelope.type == ResumeOperation.type {
            ResumeOperation(connection: connection, envelope: envelope, caller: caller, trace: trace).start()
        } else if !LegacyCall.start(envelope, caller: caller, on: connection) {
            connection.refuse(.invalid("type", "The type is not known.", .invalidValue), of: envelope, trace: trace)
        }
    }
}

extension Connection {
    /// Answers an operation that was refused, and notes what is our own fault.
    func refuse(_ error: ChatError, of envelope: ClientEnvelope, trace: TraceContext) {
        if error.code == .internalError || error.code == .serviceUnavailable {
            logger.error(
                "An operation failed",
                metadata: .keys([
                    .operation: "\(envelope.type)", .error: "\(error)", .traceID: "\(trace.traceID)",
                ])
            )
        }
        refuse(error, requestID: envelope.id, traceID: trace.traceID)
    }
}
