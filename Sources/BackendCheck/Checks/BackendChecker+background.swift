import ChatCore

extension BackendChecker {
    /// The events whose answers the engine ignores, as long as they are successes.
    mutating func checkBackground() async {
        let message = MessageID.make()
        let changes: [(now: Reaction, previous: Reaction)] = [(.like, .none), (.dislike, .like), (.none, .dislike)]
        let reactions = changes.map { session.reaction($0.now, to: message, previous: $0.previous) }
        let events: [(Expectation, [CheckEvent])] = [
            (.abortedAnswer, [session.aborted(message)]),
            (.reactionAnswer, reactions),
            (.deletedAnswer, [session.deleted]),
        ]
        for (expectation, events) in events where options.wantsAny(of: [expectation, .backgroundRepeated]) {
            for event in events {
                let id = "msg_\(EntityID<CheckEvent>.make())"
                let answer = await caller.call(event, id: id)
                findings.note(expectation, wrong: answer.failure)
                guard answer.failure == nil, options.wants(.backgroundRepeated) else { continue }
                let again = await caller.call(event, id: id)
                findings.note(.backgroundRepeated, wrong: again.failure.map { "\(event.name) again: \($0)" })
            }
        }
        guard options.wants(.backgroundLate) else { return }
        _ = await caller.call(session.deleted)
        for event in [session.reaction(.like, to: message, previous: .none), session.aborted(message)] {
            let answer = await caller.call(event)
            findings.note(
                .backgroundLate,
                wrong: answer.failure.map { "\(event.name) after session.deleted: \($0)" }
            )
        }
    }
}
