public import ChatCore

extension EventPartitions: EventLogUpkeep {
    private static let daysAhead = 3

    public func prepareEventPartitions() async throws {
        try await ensure(daysAhead: Self.daysAhead)
    }

    public func dropEvents(olderThanHours hours: Int) async throws {
        try await drop(olderThanHours: hours)
    }
}
