/// Every acknowledged message is there, once; no refused one is; and nothing is there twice.
enum WriteChecks {
    static func violations(in operations: [Operation], _ database: DatabaseSnapshot) -> [String] {
        let questions = Dictionary(
            grouping: database.messages.filter { $0.value.role == "user" },
            by: { mark(of: $0.value.text) }
        )
        let children = Dictionary(
            grouping: database.messages.filter { $0.value.role == "assistant" },
            by: { $0.value.parent ?? "" }
        )
        return OperationIndex(operations).ofLivingSessions(in: database).flatMap { _, operations in
            let sends = operations.filter(\.kind.isSend)
            return sends.flatMap { violations(of: $0, found: questions[$0.mark]?.map(\.key) ?? [], database) }
                + sends.flatMap { violations(ofAnswersTo: $0, among: operations, children) }
        }
    }

    /// A message ends with the mark of the operation that wrote it.
    static func mark(of text: String) -> String {
        text.split(separator: " ").last.map(String.init) ?? ""
    }

    private static func violations(
        of send: Operation,
        found: [String],
        _ database: DatabaseSnapshot
    ) -> [String] {
        switch send.outcome {
        case .ok where found.isEmpty: return ["lost: \(send.name)"]
        case .ok where found.count == 1 && send.question.map { $0 != found[0] } ?? false:
            return ["stored under another id than was told: \(send.name)"]
        case .failed where !found.isEmpty: return ["refused with \(send.errorCode ?? "?"), and stored: \(send.name)"]
        default: break
        }
        guard found.count <= 1 else { return ["stored \(found.count) times: \(send.name)"] }
        guard let id = found.first, let message = database.messages[id] else { return [] }
        return message.session == send.session && message.client == send.client
            ? [] : ["stored in another session: \(send.name)"]
    }

    /// A question has one answer, and one more for each recreation.
    private static func violations(
        ofAnswersTo send: Operation,
        among operations: [Operation],
        _ children: [String: [(key: String, value: DatabaseSnapshot.Message)]]
    ) -> [String] {
        guard let question = send.question, send.outcome == .ok else { return [] }
        let recreations = operations.filter { $0.kind == .recreate && $0.question == question }
        let least = 1 + recreations.count { $0.outcome == .ok }
        let most = least + recreations.count { $0.outcome == .unknown }
        let found = children[question]?.count ?? 0
        return (least...most).contains(found)
            ? [] : ["\(found) answers instead of \(least) to \(most): \(send.name)"]
    }
}
