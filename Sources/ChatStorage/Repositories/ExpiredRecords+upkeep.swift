public import ChatCore

extension ExpiredRecords: RecordUpkeep {
    public func deleteExpiredRecords(limit: Int) async throws -> Int {
        try await delete(limit: limit)
    }
}
