/// Asks again and again until `condition` has an answer: for states of other processes that tell nobody of their change.
///
/// - Returns: the first answer that is not `nil`.
/// - Throws: ``TestSupportError`` after `timeout`, with the last error `condition` threw.
@discardableResult
public func eventually<Answer: Sendable>(
    _ what: String,
    within timeout: Duration = .seconds(15),
    _ condition: () async throws -> Answer?
) async throws -> Answer {
    let deadline = ContinuousClock.now + timeout
    var lastError: (any Error)?
    repeat {
        do {
            if let answer = try await condition() { return answer }
            lastError = nil
        } catch {
            lastError = error
        }
        try await Task.sleep(for: .milliseconds(25))
    } while ContinuousClock.now < deadline
    let cause = lastError.map { ": \($0)" } ?? ""
    throw TestSupportError("not within \(timeout): \(what)\(cause)")
}
