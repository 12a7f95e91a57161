import ChatCore
import Foundation
import TestSupport

/// REST as a careful client uses it: on any node, and again with the same key until somebody answers.
struct Calls: Sendable {
    struct Outcome: Sendable {
        /// The last answer; `nil` when nobody answered in time.
        var answer: APIClient.Answer?
        var attempts: Int

        var operation: Operation.Outcome {
            guard let answer else { return .unknown }
            return answer.status < 300 ? .ok : .failed
        }
    }

    private static let patience: Duration = .seconds(90)
    private static let timeoutSeconds: Int64 = 10

    let client: TestClient
    let history: History

    /// Sends a request until it is answered with anything but a fault of the moment.
    func send(
        _ method: String,
        _ path: String,
        _ body: JSONValue? = nil,
        random: inout SeededGenerator
    ) async -> Outcome {
        let key = UUID().uuidString
        let headers =
            (body == nil ? [] : APIClient.jsonHeaders)
            + (method == "POST" ? [(name: "idempotency-key", value: key)] : [])
        let deadline = ContinuousClock.now + Self.patience
        var attempts = 0
        repeat {
            attempts += 1
            do {
                let answer = try await node(&random).send(method, path, bytes: body?.bytes, headers: headers)
                if answer.status == 500 { history.violation("\(method) \(path) was answered with \(answer)") }
                // A conflict that passes: the first request with this key is still being carried out.
                let passes = answer["details"]?["retry_after_seconds"] != nil
                if !passes, ![429, 500, 502, 503, 504].contains(answer.status) {
                    return Outcome(answer: answer, attempts: attempts)
                }
            } catch let error as TestSupportError {
                history.violation("\(method) \(path): \(error)")
            } catch {
                // Nobody is there, or the answer did not come.
            }
            // As a client does before it tries elsewhere.
            try? await Task.sleep(for: .milliseconds(Int64.random(in: 100...600, using: &random)))
        } while ContinuousClock.now < deadline
        return Outcome(answer: nil, attempts: attempts)
    }

    /// Any REST node, or the load balancer.
    private func node(_ random: inout SeededGenerator) -> APIClient {
        let index = Int.random(in: 0...client.cluster.apis.count, using: &random)
        var node = index < client.cluster.apis.count ? client.api(index) : client.publicAPI
        node.timeoutSeconds = Self.timeoutSeconds
        return node
    }
}
