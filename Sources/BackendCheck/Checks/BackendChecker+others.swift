import ChatCore

extension BackendChecker {
    /// `session.summary` and `session_type.health_check`.
    mutating func checkOthers() async {
        if options.wants(.summaryAnswer) {
            let answer = await caller.call(session.summary(session.history(4, text: options.prompt)))
            findings.note(.summaryAnswer, wrong: answer.summaryViolation)
        }
        if options.wantsAny(of: [.healthAnswer, .healthStatus]) {
            let answer = await caller.call(session.healthCheck)
            findings.note(.healthAnswer, wrong: Self.wrong(inHealth: answer))
            let status = answer.json?["status"]?.stringValue ?? "nothing"
            findings.note(.healthStatus, status == "healthy" ? .passed(nil) : .warned("it says '\(status)'"))
        }
    }

    private static func wrong(inHealth answer: AnswerRecording) -> String? {
        if let wrong = answer.jsonViolation { return wrong }
        let status = answer.json?["status"]?.stringValue
        guard let status, ["healthy", "degraded", "unhealthy"].contains(status) else {
            return "status is none of healthy, degraded, unhealthy"
        }
        guard answer.json?["version"]?.stringValue != nil else { return "there is no text 'version'" }
        guard let capabilities = answer.json?["capabilities"]?.arrayValue else { return "there are no 'capabilities'" }
        return capabilities.contains { Capability($0) == nil } ? "a capability is no object with an id" : nil
    }
}
