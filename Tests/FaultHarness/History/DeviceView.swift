/// What one device was told over all its connections.
struct DeviceView: Sendable {
    struct Event: Equatable, Sendable {
        var seq: Int64
        /// Stands for its type and payload.
        var digest: Int
    }

    var name: String
    var client: String
    /// In the order they came.
    var events: [Event] = []
    var chunks = 0
    var connections = 0
    var resyncs = 0

    var lastSeq: Int64 { events.last?.seq ?? 0 }
}
