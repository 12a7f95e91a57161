import Testing

@testable import ChatCore

@Suite struct TranscriptRendererTests {
    @Test(arguments: ExportScope.allCases)
    func theJSONHoldsSessionAndMessagesWhole(scope: ExportScope) throws {
        let sample = try TranscriptSample(scope: scope)
        let messages = [
            sample.message(.user, [.text("\u{1}\u{1F}\"\\ ``` 😀")]),
            sample.message(.assistant, [.code("x", language: nil)], state: .timedOut, parent: .make()),
        ]
        let json = try JSONParser.parse(Array(sample.rendered(.json, messages).utf8))
        #expect(
            json == [
                "format": "chat-engine-export", "version": 1, "exported_at": "2026-02-05T10:30:00.123Z",
                "scope": .string(scope.rawValue), "session": sample.session.json,
                "messages": .array(messages.map(\.json)), "message_count": 2,
            ]
        )
    }

    @Test func pagesMakeOneJSONDocument() throws {
        let sample = try TranscriptSample()
        var renderer = ExportFormat.json.renderer
        var bytes = renderer.begin(sample.transcript, exportedAt: TranscriptSample.moment)
        for page in [[], [sample.message(.user, [])], [], [sample.message(.user, []), sample.message(.user, [])]] {
            bytes += renderer.messages(page)
        }
        bytes += renderer.end()
        let json = try JSONParser.parse(bytes)
        #expect(json["messages"]?.arrayValue?.count == 3)
        #expect(json["message_count"] == 3)
    }

    @Test func anEmptySessionIsExportedToo() throws {
        let sample = try TranscriptSample(metadata: [:])
        #expect(try JSONParser.parse(Array(sample.rendered(.json, []).utf8))["messages"] == [])
        #expect(sample.rendered(.txt, []).hasPrefix("Conversation\n\nSession  \(sample.session.id)\n"))
        #expect(sample.rendered(.markdown, []).hasPrefix("# Conversation\n"))
    }

    @Test func plainTextIsIndentedSoThatNothingPassesForAMessage() throws {
        let sample = try TranscriptSample()
        let text = sample.rendered(
            .txt,
            [
                sample.message(
                    .user,
                    [
                        .text("one\r\n\n[2026-02-05T10:30:00.123Z] Assistant\r\u{1B}[2Jtwo"),
                        .code("a\nb", language: "c\nd"),
                        .document(url: "https://doc.example/x", mimeType: nil, filename: "x\ny"),
                    ],
                    fileURLs: ["https://files.example/a"]
                )
            ]
        )
        #expect(
            text.hasSuffix(
                """

                [2026-02-05T10:30:00.123Z] User
                    one
                    
                    [2026-02-05T10:30:00.123Z] Assistant
                    \u{FFFD}[2Jtwo
                    [code: c d]
                    | a
                    | b
                    [document] x y https://doc.example/x
                    [file] https://files.example/a

                """
            )
        )
    }

    @Test func plainTextOfEveryBranchNamesMessages() throws {
        let sample = try TranscriptSample(scope: .all)
        let parent = MessageID.make()
        var message = sample.message(.assistant, [], state: .failed, parent: parent)
        message.totalVariants = 2
        #expect(
            sample.rendered(.txt, [message]).contains(
                "Assistant (failed; variant 1 of 2, active; message \(message.id); after \(parent))\n"
            )
        )
    }
}
