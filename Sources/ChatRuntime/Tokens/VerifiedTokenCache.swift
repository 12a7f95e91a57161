internal import ChatCore

/// Callers of tokens that were verified lately, so that a busy client's token is not verified for every request.
///
/// Keyed by the whole token: a shorter digest could be made to collide. Bounded by two generations: when the young one
/// is full it becomes the old one, and the old one is forgotten.
struct VerifiedTokenCache {
    /// Tokens per generation.
    static let generationSize = 2048
    /// Longer tokens are verified every time, which bounds the memory held.
    static let maximumTokenBytes = 2048

    private var young: [String: Caller] = [:]
    private var old: [String: Caller] = [:]

    /// The caller of a token that was inserted and has not expired since.
    mutating func caller(of token: String, at time: Timestamp) -> Caller? {
        if let caller = young[token] {
            if time < caller.expiresAt { return caller }
            young[token] = nil
        } else if let caller = old[token], time < caller.expiresAt {
            insert(token, caller)
            return caller
        }
        return nil
    }

    mutating func insert(_ token: String, _ caller: Caller) {
        guard token.utf8.count <= Self.maximumTokenBytes else { return }
        if young.count >= Self.generationSize {
            old = young
            young = [:]
        }
        young[token] = caller
    }

    var count: Int { young.count + old.count }
}
