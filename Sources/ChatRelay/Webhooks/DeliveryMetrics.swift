import ChatCore
import CoreMetrics

/// The metrics of deliveries, their handles made once.
struct DeliveryMetrics: Sendable {
    private enum Outcome: String, CaseIterable {
        case delivered
        /// To be tried again.
        case retried
        case dead

        init(_ settlement: DeliverySettlement) {
            switch settlement {
            case .delivered: self = .delivered
            case .waiting: self = .retried
            case .dead: self = .dead
            }
        }
    }

    private let outcomes: [BackgroundEvent.Name: [String: Counter]]
    private let lag = CoreMetrics.Timer(label: "chat_engine_webhook_delivery_lag_seconds")

    init() {
        var outcomes: [BackgroundEvent.Name: [String: Counter]] = [:]
        for name in BackgroundEvent.Name.allCases {
            for outcome in Outcome.allCases {
                outcomes[name, default: [:]][outcome.rawValue] = Counter(
                    label: "chat_engine_webhook_deliveries_total",
                    dimensions: [("event", name.rawValue), ("outcome", outcome.rawValue)]
                )
            }
        }
        self.outcomes = outcomes
    }

    func count(_ delivery: WebhookDelivery, _ settlement: DeliverySettlement) {
        outcomes[delivery.name]?[Outcome(settlement).rawValue]?.increment()
        guard settlement == .delivered else { return }
        let age = Timestamp.now.microsecondsSince1970 - delivery.createdAt.microsecondsSince1970
        lag.recordMicroseconds(max(0, age))
    }
}
