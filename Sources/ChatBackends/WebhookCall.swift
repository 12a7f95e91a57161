internal import ChatCore

/// One event on its way to a backend.
struct WebhookCall: Sendable {
    let event: WebhookEvent
    let sessionType: SessionType
    /// The webhook, or the service a session type has for summaries.
    let url: String
    let body: [UInt8]
    let traceparent: String?
    /// The same for all attempts, so that a backend can tell that it had the call before.
    var id = EntityID<WebhookCall>.make().description
}
