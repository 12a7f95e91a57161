public import ChatCore
public import Logging
internal import Synchronization

/// The schema of the database is not what this version needs.
public struct SchemaMismatch: Error, CustomStringConvertible {
    public let description: String
}

extension StartGate {
    /// A gate that opens when the database is there with a fitting schema, and `prepare` has done what else must precede.
    ///
    /// Waits for a database that is out of reach; throws ``SchemaMismatch`` when the schema does not fit.
    public convenience init(
        database: any DatabaseProbe,
        logger: Logger,
        prepare: @escaping @Sendable () async throws -> Void = {}
    ) {
        self.init(logger: logger) {
            do {
                try Self.check(try await database.schemaState())
                try await prepare()
                return .open
            } catch let error as ChatError where error.code == .serviceUnavailable {
                return .wait(reason: "the database is out of reach")
            }
        }
    }

    private static func check(_ state: SchemaState) throws(SchemaMismatch) {
        switch state {
        case .current, .newer: return
        case .outOfDate(let missing):
            let names = missing.joined(separator: ", ")
            throw SchemaMismatch(
                description: "the database schema is out of date (missing: \(names)); run 'chat-engine-api migrate'"
            )
        case .different(let name):
            throw SchemaMismatch(description: "migration \(name) in the database is not the one of this version")
        }
    }
}

extension ReadinessRegistry {
    /// Adds the database as a dependency: reachable, with a fitting schema, and the gate passed.
    public func register(database: any DatabaseProbe, gate: StartGate) {
        register("database") {
            do {
                if gate.isOpen {
                    try await database.ping()
                    return .ok
                }
                switch try await database.schemaState() {
                case .current, .newer: return .failing("starting")
                case .outOfDate, .different: return .failing("schema out of date")
                }
            } catch {
                return .failing("unreachable")
            }
        }
    }

    /// Adds the bus as a dependency: a process starts with it, and is of use without it afterwards, as nothing is lost with
    /// the bus. Were it not, a lost bus would take every node from the load balancer at once.
    public func register(bus: any SignalBus) {
        let hasStarted = Atomic(false)
        register("redis") {
            guard !bus.isConnected else {
                hasStarted.store(true, ordering: .relaxed)
                return .ok
            }
            return hasStarted.load(ordering: .relaxed) ? .missed("unreachable") : .failing("unreachable")
        }
    }
}
