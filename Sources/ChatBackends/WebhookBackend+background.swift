public import ChatCore

extension WebhookBackend: BackgroundBackend {
    public func notify(
        _ sessionType: SessionType,
        of event: BackgroundEvent,
        id: DeliveryID,
        traceparent: String?
    ) async throws -> NotificationOutcome {
        let call = WebhookCall(
            event: event.event,
            sessionType: sessionType,
            url: sessionType.webhookURL,
            body: event.body,
            traceparent: traceparent,
            id: id.description
        )
        do {
            try await caller.callBriefly(call) { try await $0.success() }
            return .delivered
        } catch let failure as BackendFailure {
            return NotificationOutcome(failure)
        }
    }
}

extension NotificationOutcome {
    init(_ failure: BackendFailure) {
        switch failure.reason {
        case .circuitOpen, .overloaded:
            self = .postponed(reason: failure.description, retryAfterSeconds: failure.retryAfterSeconds ?? 1)
        case .connection, .brokenOff, .timeout, .status, .malformed, .incomplete, .reported, .refusedAddress:
            self = .failed(reason: failure.description, retryAfterSeconds: failure.retryAfterSeconds)
        }
    }
}
