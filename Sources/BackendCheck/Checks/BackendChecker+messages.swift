import ChatCore

extension BackendChecker {
    /// How many messages are sent at once.
    private static let parallelMessages = 8
    /// A long history: this many messages of this many bytes, over the limits that web frameworks set on bodies.
    private static let historyMessages = 401
    private static let historyMessageBytes = 12_000

    /// `message.new` and `message.recreate`, with everything they can hold.
    mutating func checkMessages() async throws {
        await checkMessage(.newAnswer, question)
        await checkMessage(
            .newContent,
            session.new(Self.everyContent(options.prompt), fileURLs: [Self.url("notes.pdf")])
        )
        await checkMessage(.newCapabilities, session.new([.text(options.prompt)], capabilities: capabilities))
        await checkMessage(
            .newUnknownFields,
            try session.new([.text(options.prompt)], history: session.history(2, text: "Hello")).withUnknownFields()
        )
        if options.wants(.newLongHistory) {
            let text = String(repeating: "All work and no play. ", count: Self.historyMessageBytes / 22)
            let history = session.history(Self.historyMessages - 1, text: text)
            await checkMessage(.newLongHistory, session.new([.text(options.prompt)], history: history))
        }
        let letters = "\(options.prompt) Grüße, Ελλάδα, 世界, \u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}"
        await checkMessage(.newSplit, session.new([.text(letters)]), inPieces: true)
        await checkMessage(.recreateAnswer, session.recreate(session.history(3, text: options.prompt)))
        if options.wants(.newParallel) { await checkParallelMessages() }
    }

    private mutating func checkMessage(
        _ expectation: Expectation,
        _ event: CheckEvent,
        inPieces: Bool = false
    ) async {
        guard options.wants(expectation) else { return }
        let answer = await ask(event, inPieces: inPieces)
        findings.note(expectation, wrong: answer.messageViolation)
    }

    private mutating func checkParallelMessages() async {
        let caller = caller
        let events = (0..<Self.parallelMessages).map { _ in question }
        let recordings = await withTaskGroup(of: AnswerRecording.self) { group in
            for event in events { group.addTask { await caller.call(event) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        answers += recordings
        let wrong = recordings.compactMap(\.messageViolation)
        findings.note(
            .newParallel,
            wrong: wrong.first.map { "\(wrong.count) of \(Self.parallelMessages) at once: \($0)" }
        )
    }

    private static func everyContent(_ prompt: String) -> [ContentPart] {
        [
            .text(prompt),
            .code("print(\"```\")", language: "python"),
            .image(url: url("picture.png"), mimeType: "image/png"),
            .audio(url: url("voice.ogg"), mimeType: "audio/ogg", durationSeconds: JSONNumber(2.5)),
            .video(url: url("clip.mp4"), mimeType: nil),
            .document(url: url("report.pdf"), mimeType: "application/pdf", filename: "report.pdf"),
        ]
    }

    private static func url(_ name: String) -> String { "https://files.example.com/\(name)" }
}
