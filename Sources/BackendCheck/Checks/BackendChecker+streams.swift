import ChatCore

extension BackendChecker {
    /// Fewer chunks than this say nothing about when they were sent.
    private static let telltaleChunks = 8
    /// Neither does an answer that was whole in less time.
    private static let telltaleTime = Duration.milliseconds(500)

    /// The long answer and the failing one, whose streams are looked at more closely.
    mutating func checkStreams() async {
        if options.wants(.streamFlushed) {
            let answer = await ask(session.new([.text(options.longPrompt)]))
            findings.note(.streamFlushed, Self.flushing(of: answer))
        }
        guard options.wants(.streamError) else { return }
        guard let prompt = options.failingPrompt else {
            findings.note(.streamError, .skipped("no --failing-prompt was given"))
            return
        }
        let answer = await caller.call(session.new([.text(prompt)]))
        findings.note(.streamError, wrong: Self.wrong(inFailing: answer))
    }

    /// Chunks that all came at the very end of a long wait were held back by somebody.
    static func flushing(of answer: AnswerRecording) -> Outcome {
        if let wrong = answer.messageViolation { return .skipped("the long answer failed: \(wrong)") }
        guard answer.isStream, let first = answer.firstChunkAfter, let last = answer.completeAfter else {
            return .passed("the answer was no stream")
        }
        guard answer.chunkCount >= telltaleChunks, last >= telltaleTime else {
            return .passed("the answer was too short to tell: give a --long-prompt")
        }
        return first > last * 0.95
            ? .warned("\(answer.chunkCount) chunks came at once, after \(seconds(first)) of nothing") : .passed(nil)
    }

    private static func wrong(inFailing answer: AnswerRecording) -> String? {
        if let status = answer.status, !(200..<300).contains(status) {
            return status >= 400 ? nil : "it was answered with status \(status)"
        }
        guard let data = answer.reportedError else {
            return answer.messageViolation.map { "the answer just breaks: \($0)" }
                ?? "it was answered as if all were well"
        }
        guard case .object(let members)? = try? JSONParser.parse(data) else {
            return "the data of the error is no object"
        }
        for name in ["message", "error_code"] {
            if let value = members[name], value != .null, value.stringValue == nil { return "'\(name)' is no text" }
        }
        return nil
    }

    mutating func noteHead(of answer: AnswerRecording) {
        guard let head = answer.headAfter else {
            if case .timedOut(let reason)? = answer.end { findings.note(.timeHead, .failed(reason)) }
            return
        }
        let isLate = head > options.timeout * 0.5
        findings.note(
            .timeHead,
            isLate ? .warned("one took \(Self.seconds(head)) of \(Self.seconds(options.timeout))") : .passed(nil)
        )
    }

    /// What all the answers to messages have in common.
    mutating func judgeStreams() {
        for answer in answers {
            noteHead(of: answer)
            guard answer.status != nil else { continue }
            if case .timedOut(let reason)? = answer.end {
                findings.note(.timeSilence, .failed(reason))
            } else if answer.longestSilence > options.timeout * 0.5 {
                let silence = Self.seconds(answer.longestSilence)
                findings.note(.timeSilence, .warned("one was \(silence) of \(Self.seconds(options.timeout))"))
            } else {
                findings.note(.timeSilence, .passed(nil))
            }
            guard answer.messageViolation == nil else { continue }
            findings.note(
                .streamEnd,
                answer.end == .lingered ? .warned("an answer went on after complete") : .passed(nil)
            )
            findings.note(.streamUsage, Self.usage(in: answer))
        }
        for expectation in [Expectation.timeSilence, .streamEnd, .streamUsage]
        where findings.outcomes[expectation] == nil {
            findings.note(expectation, .skipped("no message was answered"))
        }
    }

    private static func usage(in answer: AnswerRecording) -> Outcome {
        guard let usage = answer.metadata?["usage"] else { return .passed(nil) }
        let counts = ["input_tokens", "output_tokens"].map { usage[$0]?.integerValue }
        return counts.allSatisfy { ($0 ?? -1) >= 0 }
            ? .passed(nil) : .warned("usage has not both input_tokens and output_tokens: \(usage.text)")
    }

    static func seconds(_ duration: Duration) -> String {
        "\((duration / .milliseconds(100)).rounded() / 10) s"
    }
}
