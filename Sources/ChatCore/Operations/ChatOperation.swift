/// An operation as clients know it, from a request that was read to the body of the answer.
///
/// Every protocol that offers the operation answers with these bytes, so that none of them can say anything else than
/// the others.
public protocol ChatOperation: Sendable {
    associatedtype Request: ReadableRequest

    /// - Throws: ``ChatError``, as the use case or the port behind it.
    func callAsFunction(_ request: Request, caller: Caller) async throws -> OperationAnswer
}
