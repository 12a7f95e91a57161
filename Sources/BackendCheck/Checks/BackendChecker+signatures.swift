extension BackendChecker {
    /// Over the five minutes that the specification leaves for clocks that differ.
    private static let longAgoSeconds: Int64 = 600

    /// What a backend that was given the secret lets in.
    mutating func checkSignatures() async {
        guard options.secret != nil else {
            for expectation in Expectation.signatures {
                findings.note(expectation, .skipped("no --secret was given"))
            }
            return
        }
        await checkAccepted(.signatureAccepted, .right)
        await checkAccepted(.signatureRotated, .rotated)
        await checkRefused(.signatureMissing, .missing)
        await checkRefused(.signatureForged, .forged)
        await checkRefused(.signatureAltered, .altered)
        await checkRefused(.signatureOld, .shifted(seconds: -Self.longAgoSeconds))
    }

    private mutating func checkAccepted(_ expectation: Expectation, _ signing: BackendCaller.Signing) async {
        guard options.wants(expectation) else { return }
        findings.note(expectation, wrong: await caller.call(session.created(), signing: signing).failure)
    }

    private mutating func checkRefused(_ expectation: Expectation, _ signing: BackendCaller.Signing) async {
        guard options.wants(expectation) else { return }
        let answer = await caller.call(session.created(), signing: signing)
        switch answer.status {
        case .some(400..<500): findings.note(expectation, .passed(nil))
        case .some(let status): findings.note(expectation, .failed("it was answered with status \(status)"))
        case nil: findings.note(expectation, .failed(answer.failure ?? "there was no answer"))
        }
    }
}
