import ChatCore
import ChatRuntime

/// The operations a client can ask for over its connection, by the `type` of the envelope.
enum ConnectionOperations {
    /// Every `type` that is understood, `auth` included.
    static let types = Set([AuthOperation.type, SendOperation.type] + LegacyOperation.allCases.map(\.rawValue))

    static func start(_ envelope: ClientEnvelope, caller: Caller, on connection: Connection) {
        switch envelope.type {
        case SendOperation.type:
            SendOperation(connection: connection, envelope: envelope, caller: caller, trace: .make()).start()
        default:
            if LegacyCall.start(envelope, caller: caller, on: connection) { return }
            connection.refuse(
                .invalid("type", "The type is not known.", .invalidValue),
                requestID: envelope.id,
                traceID: TraceContext.make().traceID
            )
        }
    }
}
