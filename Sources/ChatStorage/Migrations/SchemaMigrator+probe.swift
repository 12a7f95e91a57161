public import ChatCore

extension SchemaMigrator: DatabaseProbe {
    public func schemaState() async throws -> SchemaState {
        do {
            switch try await check() {
            case .current: return .current
            case .outOfDate(let missing): return .outOfDate(missing: missing)
            case .newer: return .newer
            }
        } catch let error as SchemaMismatchError {
            return .different(error.migration)
        }
    }

    public func ping() async throws {
        try await withPortErrors { try await client.ping() }
    }
}
