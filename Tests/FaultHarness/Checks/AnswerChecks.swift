/// What clients saw of an answer is what is stored, and every message that was announced is there.
enum AnswerChecks {
    static func violations(in operations: [Operation], _ database: DatabaseSnapshot) -> [String] {
        OperationIndex(operations).ofLivingSessions(in: database).flatMap { _, operations in
            let stops = Dictionary(grouping: operations.filter { $0.kind == .stop }, by: { $0.message ?? "" })
            return operations.filter { $0.kind.isSend || $0.kind == .recreate }.flatMap { operation -> [String] in
                guard let id = operation.message else { return [] }
                guard let message = database.messages[id] else { return ["announced and lost: \(operation.name)"] }
                return violations(of: operation, message)
                    + (stops[id] ?? []).flatMap { violations(ofStop: $0, message) }
            }
        }
    }

    private static func violations(of operation: Operation, _ message: DatabaseSnapshot.Message) -> [String] {
        guard let answer = operation.answer else { return [] }
        guard answer.hasEnded else {
            return isBeginning(answer.text, message.text) ? [] : ["seen other text than stored: \(operation.name)"]
        }
        guard let state = answer.state else {
            return ["complete", "stopped"].contains(message.state)
                ? ["told as an error, stored as \(message.state): \(operation.name)"]
                // What came after the last checkpoint of a dead node was seen, and is lost.
                : isBeginning(answer.text, message.text) ? [] : ["seen other text than stored: \(operation.name)"]
        }
        if state != message.state { return ["told as \(state), stored as \(message.state): \(operation.name)"] }
        if answer.text != message.text {
            return ["seen \(answer.text.count) characters, stored \(message.text.count): \(operation.name)"]
        }
        if state == "complete", operation.kind.isSend, WriteChecks.mark(of: message.text) != operation.mark {
            return ["the answer is not whole: \(operation.name)"]
        }
        return []
    }

    private static func violations(ofStop stop: Operation, _ message: DatabaseSnapshot.Message) -> [String] {
        guard stop.outcome == .ok, stop.value == "true" else { return [] }
        return ["stopped", "interrupted"].contains(message.state)
            ? [] : ["told that it was stopped, stored as \(message.state): \(stop.name)"]
    }

    private static func isBeginning(_ one: String, _ other: String) -> Bool {
        one.hasPrefix(other) || other.hasPrefix(one)
    }
}
