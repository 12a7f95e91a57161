import ChatCore

extension LegacyOperation {
    /// What is left to do once a request is read; it is keyed when it may be sent again.
    typealias Work = @Sendable (Caller, KeyedRequest?) async throws -> OperationAnswer

    /// Reads the request: the fields of REST's path, query and body in one object.
    ///
    /// - Throws: ``ChatError`` `INVALID_REQUEST` naming every field at fault.
    func work(on payload: JSONValue, with operations: ChatOperations) throws(ChatError) -> Work {
        switch self {
        case .createSession: try Self.creation(operations.createSession, payload)
        case .getSession: try Self.work(operations.getSession, payload)
        case .deleteSession: try Self.work(operations.deleteSession, payload)
        case .switchSessionType: try Self.work(operations.switchSessionType, payload)
        case .exportSession: try Self.work(operations.exportSession, payload)
        case .shareSession: try Self.sharing(operations.shareSession, payload)
        case .readShare: try Self.work(operations.readShare, payload)
        case .searchMessages: try Self.work(operations.searchMessages, payload)
        case .searchSessions: try Self.work(operations.searchSessions, payload)
        case .listMessages: try Self.work(operations.listMessages, payload)
        case .getMessage: try Self.work(operations.getMessage, payload)
        case .stopMessage: try Self.work(operations.stopMessage, payload)
        case .listVariants: try Self.work(operations.listVariants, payload)
        }
    }

    private static func work<Operation: ChatOperation>(
        _ operation: Operation,
        _ payload: JSONValue
    ) throws(ChatError) -> Work {
        let request = try Operation.Request(body: payload)
        return { caller, _ in try await operation(request, caller: caller) }
    }

    private static func sharing(
        _ operation: ShareSessionOperation,
        _ payload: JSONValue
    ) throws(ChatError) -> Work {
        let request = try ShareSessionOperation.Request(body: payload)
        return { caller, keyed in try await operation(request, caller: caller, keyed: keyed) }
    }

    private static func creation(
        _ operation: CreateSessionOperation,
        _ payload: JSONValue
    ) throws(ChatError) -> Work {
        let request = try CreateSession.Request(body: payload)
        return { caller, keyed in try await operation(request, caller: caller, traceparent: nil, keyed: keyed) }
    }
}
