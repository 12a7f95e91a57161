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
    /// Longest reason that is kept, in characters.
    private static let longestReason = 500

    init(_ failure: BackendFailure) {
        // It is stored, where a NUL could not be.
        let reason = String(failure.description.prefix(Self.longestReason)).replacing("\0", with: " ")
        switch failure.reason {
        case .circuitOpen, .overloaded:
            self = .postponed(reason: reason, retryAfterSeconds: failure.retryAfterSeconds ?? 1)
        case .connection, .brokenOff, .timeout, .status, .malformed, .incomplete, .reported, .refusedAddress:
            self = .failed(reason: reason, retryAfterSeconds: failure.retryAfterSeconds)
        }
    }
}
