extension SendMulti {
    /// Between two looks at answers that another node has begun.
    private static let pause: Duration = .milliseconds(300)

    /// What an earlier attempt has written, once every answer has ended. Those of a node that died are closed.
    ///
    /// - Throws: ``ChatError`` `SESSION_NOT_FOUND` when it was deleted since, `SERVICE_UNAVAILABLE`; `CancellationError`.
    func storedOutcome(of userMessageID: MessageID, in session: Session, types: [SessionType]) async throws -> Outcome {
        let longest = types.map(\.maxDurationSeconds).max() ?? 0
        let deadline = ContinuousClock.now + .seconds(longest + 60)
        while ContinuousClock.now < deadline {
            guard let userMessage = try await streams.messages.message(userMessageID, of: session.clientID) else {
                throw ChatError.sessionNotFound(session.id)
            }
            let answers = try await answers(to: userMessage, of: session.clientID, count: types.count)
            let running = answers.filter { $0.state == .streaming }
            if running.isEmpty {
                let responses = zip(types, answers).map { type, answer in
                    Response(sessionTypeID: type.id, message: answer, error: answer.state.error)
                }
                return Outcome(userMessage: userMessage, responses: responses)
            }
            var hasClosed = false
            for answer in running where try await leases.closeOrphan(answer.id, client: session.clientID) != nil {
                hasClosed = true
            }
            if !hasClosed { try await Task.sleep(for: Self.pause) }
        }
        throw ChatError(.serviceUnavailable, "The answers have not ended in time.", retryAfterSeconds: 1)
    }

    /// The first children of the message: those that were written with it.
    private func answers(to message: Message, of client: ClientID, count: Int) async throws -> [Message] {
        var query = MessageQuery(
            clientID: client,
            sessionID: message.sessionID,
            path: .all,
            parentMessageID: message.id,
            limit: count
        )
        var answers: [Message] = []
        repeat {
            guard let page = try await streams.messages.messages(query) else {
                throw ChatError.sessionNotFound(message.sessionID)
            }
            answers += page.elements
            query.cursor = page.nextCursor
        } while answers.count < count && query.cursor != nil
        return Array(answers.prefix(count))
    }
}
