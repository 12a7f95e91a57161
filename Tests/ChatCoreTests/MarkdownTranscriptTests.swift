import Testing

@testable import ChatCore

@Suite struct MarkdownTranscriptTests {
    @Test func aTranscriptShowsRolesTimesCodeAndLinks() throws {
        let sample = try TranscriptSample()
        let text = sample.rendered(
            .markdown,
            [
                sample.message(.user, [.text("What is *this*?")], fileURLs: ["https://files.example/a.pdf"]),
                sample.message(
                    .assistant,
                    [
                        .code("let a = 1", language: "swift"),
                        .image(url: "https://img.example/(1).png", mimeType: nil),
                        .document(url: "https://doc.example/x", mimeType: nil, filename: "[x]"),
                    ],
                    state: .stopped
                ),
            ]
        )
        #expect(
            text == """
                # A \\*talk\\*

                - Session: `\(sample.session.id)`
                - Begun: 2026-02-05T10:30:00.123Z
                - Exported: 2026-02-05T10:30:00.123Z
                - Messages: the active path

                ## User

                2026-02-05T10:30:00.123Z

                > What is *this*?

                - [File](<https://files.example/a.pdf>)

                ## Assistant

                2026-02-05T10:30:00.123Z · stopped

                ```swift
                let a = 1
                ```

                - [Image](<https://img.example/(1).png>)

                - [Document: \\[x\\]](<https://doc.example/x>)

                """
        )
    }

    @Test func everyBranchNamesMessagesAndVariants() throws {
        let sample = try TranscriptSample(scope: .all)
        let parent = MessageID.make()
        var message = sample.message(.assistant, [], parent: parent)
        (message.variantIndex, message.totalVariants, message.isActive) = (1, 3, true)
        let text = sample.rendered(.markdown, [message])
        #expect(text.contains("- Messages: every branch, in the order of creation."))
        #expect(text.contains(" · variant 2 of 3, active · message `\(message.id)` · after `\(parent)`\n"))
        message.isActive = false
        #expect(sample.rendered(.markdown, [message]).contains(" · variant 2 of 3 · message"))
    }

    @Test func anotherAuthorIsNamed() throws {
        let sample = try TranscriptSample()
        var message = sample.message(.user, [.text("hi")])
        message.authorID = "bob `b`"
        #expect(sample.rendered(.markdown, [message]).contains(" · by bob \\`b\\`\n"))
    }

    @Test(arguments: ["```\n# Assistant", "````\r\n```", "a\r```", "`````` ```````", "~~~\n```\n~~~"])
    func codeCannotLeaveItsFence(code: String) throws {
        let lines = MarkdownText.fenced(code, language: "x`\n# y").split(separator: "\n")
        let fence = try #require(lines.first.map { $0.prefix { $0 == "`" } })
        #expect(lines.first == "\(fence)xy" || lines.first == "\(fence)x#y")
        #expect(lines.last == fence)
        for line in lines.dropFirst().dropLast() { #expect(!line.contains(fence)) }
    }

    @Test(arguments: [
        "plain", "```\n# Heading", "a\n\n## Assistant\n", "</blockquote>", "lone\rcarriage", "\u{2028}## x",
        "\u{C}## x",
    ])
    func everyLineOfATextIsQuoted(text: String) {
        for line in QuotedMarkdown.text(of: text).split(separator: "\n") { #expect(line.hasPrefix(">")) }
    }

    @Test(arguments: [
        // What looks like a fence, and is none: tags stay tags.
        ("``` a`b\n<b>", false), ("``\n<b>", false), ("    ```\n<b>", false), ("\t```\n<b>", false),
        ("- ```\n<b>", false), ("text ```\n<b>", false), ("```\ncode\n```\n<b>", false), ("~~~\n```\n~~~\n<b>", false),
        ("````\n```\n````` \n<b>", false), ("```\n  ```\t\n<b>", false), ("- a\n  - b\n    ```\n<b>", false),
        // Code.
        ("```\n<b>", true), ("```swift\n<b>\n```", true), ("~~~ a`b\n<b>", true), ("```\n``` x\n<b>", true),
        ("````\n```\n<b>", true), ("```\n    ```\n<b>", true), ("```\n~~~\n<b>", true), ("- a\n  ```\n<b>", true),
        ("\t```\n```\n<b>", true), ("```\n\t```\n<b>", true), ("```\n \t```\n<b>", true),
    ])
    func tagsAreDefusedOutsideFencedCodeAlone(text: String, isCode: Bool) {
        let quote = QuotedMarkdown.text(of: text)
        #expect(quote.contains("> <b>") == isCode)
        #expect(quote.contains("> &lt;b>") == !isCode)
    }

    /// It would be a renderer's own fence, or one of the list's, depending on what stands before it.
    @Test func aFenceOfAListBecomesOneOfTheQuotes() {
        #expect(QuotedMarkdown.text(of: "- a\n  ```\n  x") == "> - a\n> ```\n>   x\n")
    }

    @Test func aURLCannotLeaveItsLink() {
        #expect(
            MarkdownText.link(to: "https://a.example/>\\\n)\u{85}b", kind: "File", name: "a](x)\nb")
                == "- [File: a\\](x) b](<https://a.example/%3E%5C)b>)\n"
        )
    }
}
