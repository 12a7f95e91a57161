public import FoundationEssentials

/// Keeps the first answers to requests that may be sent again, for 24 h (`contract/semantics.md`, 'Idempotency'), and sees
/// to it that of equal requests one at a time is carried out, on whatever node.
///
/// Every method throws ``ChatError`` `SERVICE_UNAVAILABLE` when the database is out of reach.
public protocol KeptAnswerStore: Sendable {
    /// Claims the right to carry out a request for `leaseSeconds`, unless somebody else has it or has carried it out. The
    /// claim of a holder that has let its lease run out is anybody's.
    func claim(_ request: RepeatableRequest, by holder: UUID, leaseSeconds: Int) async throws -> AnswerClaim

    /// Prolongs the lease. `false` when the claim is this holder's no longer.
    func renewClaim(on request: RepeatableRequest, by holder: UUID, leaseSeconds: Int) async throws -> Bool

    /// Keeps the answer and ends the claim. `false`, and nothing kept, when the claim is this holder's no longer.
    func keep(_ answer: [UInt8], to request: RepeatableRequest, by holder: UUID) async throws -> Bool

    /// Ends the claim without an answer, so that the same request may be sent again; nothing when it is not this holder's.
    func releaseClaim(on request: RepeatableRequest, by holder: UUID) async throws
}

/// A request as the store knows it. Both values are made so that they cannot be traced back to what they stand for.
public struct RepeatableRequest: Hashable, Sendable {
    public var clientID: ClientID
    /// Stands for the key that the client gave, 32 bytes.
    public var key: [UInt8]
    /// Stands for what was asked: equal for equal requests, 32 bytes.
    public var digest: [UInt8]

    public init(clientID: ClientID, key: [UInt8], digest: [UInt8]) {
        self.clientID = clientID
        self.key = key
        self.digest = digest
    }
}

public enum AnswerClaim: Hashable, Sendable {
    /// The caller is to carry out the request, which came `since` then for the first time.
    case claimed(since: Timestamp)
    /// Somebody else is carrying it out.
    case running
    case answered([UInt8])
    /// The key was given with another request.
    case keyReused
}
