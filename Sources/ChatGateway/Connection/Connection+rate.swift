import ChatCore
import ChatRuntime
import CoreMetrics
import NIOCore

extension Connection {
    /// Answers a message that came too fast, without looking at more than where its id is.
    func refuseExcess(_ message: ByteBuffer) {
        services.metrics.excessMessages.increment()
        let error = ChatError(
            .rateLimitExceeded,
            "Too many messages.",
            retryAfterSeconds: MessageRate.retryAfterSeconds,
            limitType: "messages"
        )
        let requestID = EnvelopePeek.id(in: message.readableBytesView)
        refuse(error, requestID: requestID, traceID: TraceContext.make().traceID)
    }
}
