import ChatBackends
import ChatCore

extension BackendChecker {
    /// `session.created`, which also says what the backend can do; made in any case, for it shows whether anybody is
    /// there.
    ///
    /// - Throws: ``CheckFailure`` when no connection is established.
    mutating func checkCreated() async throws {
        let event = session.created()
        let id = "msg_\(EntityID<CheckEvent>.make())"
        let answer = await caller.call(event, id: id)
        if case .unreachable(let reason)? = answer.end { throw CheckFailure("\(options.url): \(reason)") }
        let isRefused = options.secret == nil && [401, 403].contains(answer.status)
        let wrong = read(answer)
        findings.note(.createdAnswer, wrong: isRefused ? "the call was refused: is a --secret needed?" : wrong)
        noteHead(of: answer)
        var seen: Set<String> = []
        let twice = capabilities.first { !seen.insert($0.id).inserted }
        findings.note(.createdIDs, wrong: twice.map { "two capabilities have the id '\($0.id)'" })

        if options.wants(.createdSwitch) {
            let switched = try SampleSession(url: options.url).created(previous: .make())
            findings.note(.createdSwitch, wrong: Self.wrong(inCreated: await caller.call(switched)))
        }
        if options.wants(.createdRepeated) {
            findings.note(.createdRepeated, wrong: Self.wrong(inCreated: await caller.call(event, id: id)))
        }
    }

    /// Takes the capabilities over and says what is wrong with the answer.
    private mutating func read(_ answer: AnswerRecording) -> String? {
        if let wrong = answer.jsonViolation { return wrong }
        do throws(BackendContract.Violation) {
            capabilities = try BackendContract.capabilities(in: answer.body)
            return nil
        } catch {
            return error.description
        }
    }

    private static func wrong(inCreated answer: AnswerRecording) -> String? {
        if let wrong = answer.jsonViolation { return wrong }
        do throws(BackendContract.Violation) {
            _ = try BackendContract.capabilities(in: answer.body)
            return nil
        } catch {
            return error.description
        }
    }
}
