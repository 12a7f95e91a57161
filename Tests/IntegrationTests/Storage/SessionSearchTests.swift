import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

/// The search in one session.
@Suite struct SessionSearchTests {
    @Test func findsWordsByTheirStem() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let begun = try await storage.say("The dogs were running in the park", in: session)
            #expect(try await storage.found("run dog", in: session) == [begun.userMessage.id])
            #expect(try await storage.found("run cat", in: session).isEmpty)
            let result = try await storage.onlyResult("RUNNING", in: session)
            #expect(result.sessionID == session)
            #expect(result.role == .user)
            #expect(result.snippet == "The dogs were «running» in the park")
            #expect(result.createdAt == begun.userMessage.createdAt)
            #expect(result.score > SearchScore(millionths: 0) && result.score < SearchScore(millionths: 1_000_000))
        }
    }

    @Test func takesPhrasesAlternativesAndExclusions() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let first = try await storage.say("red apples and green pears", in: session).userMessage.id
            let second = try await storage.say("green apples and red pears", in: session).userMessage.id
            #expect(try await storage.found("\"red apples\"", in: session) == [first])
            #expect(Set(try await storage.found("\"red apples\" or \"red pears\"", in: session)) == [first, second])
            #expect(try await storage.found("apples -\"green apples\"", in: session) == [first])
        }
    }

    @Test func stopWordsAndPunctuationAloneFindNothing() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.say("the and of", in: session)
            for text in ["the", "the or of", "?!", "\"\"", "-", "or", ":*&|()<->\\'"] {
                #expect(try await storage.found(text, in: session).isEmpty)
                #expect(try await storage.foundSessions(text).isEmpty)
            }
        }
    }

    @Test func codeIsSearchedAndRanksBelowText() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let code = ContentPart.code("let list: Array<String> = read()", language: "swift")
            let begun = try await storage.say("a string", answer: [.text("Like so:"), code], in: session)
            #expect(
                try await storage.found("string", in: session) == [begun.userMessage.id, begun.response.id]
            )
            let result = try await storage.onlyResult("list", in: session)
            #expect(result.snippet.contains("«list»: Array<String>"))
            // What names the parts is not what was said.
            #expect(try await storage.found("swift or type or text", in: session).isEmpty)
        }
    }

    @Test func wordsBetweenSlashesAndBracketsAreFound() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.say("see Sources/Core and <b>boldly</b> now", in: session)
            #expect(
                try await storage.onlyResult("core", in: session).snippet == "see Sources/«Core» and <b>boldly</b> now"
            )
            #expect(try await storage.onlyResult("sources/core", in: session).snippet.contains("«Sources»/«Core»"))
            #expect(try await storage.onlyResult("bold", in: session).snippet.contains("<b>«boldly»</b>"))
        }
    }

    @Test func thePartsOfNamesAndAddressesAreFound() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession(metadata: ["title": "notes.txt"])
            let file = try await storage.say("see my_file.txt now", in: session).userMessage.id
            let mail = try await storage.say("write to bob@mail.example.com", in: session).userMessage.id
            let number = try await storage.say("version 1.25.3 of it.Really", in: session).userMessage.id
            for (text, message) in [
                ("file", file), ("txt", file), ("file.txt", file), ("\"my file\"", file), ("bob", mail),
                ("example", mail),
                ("bob@mail.example.com", mail), ("mail.example", mail), ("1.25", number), ("really", number),
            ] {
                #expect(try await storage.found(text, in: session) == [message], "\(text)")
            }
            for text in ["file.doc", "txt.file", "alice@mail.example.com", "1.26"] {
                #expect(try await storage.found(text, in: session).isEmpty, "\(text)")
            }
            #expect(try await storage.onlyResult("file", in: session).snippet == "see my_«file».txt now")
            #expect(try await storage.foundSessions("notes") == [session])
        }
    }

    @Test func everyBranchIsSearched() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let start = try await storage.say("start", in: session)
            let left = try await storage.say("a hedgehog", in: session)
            let right = try await storage.say("a hedgehog too", in: session, under: .message(start.response.id))
            #expect(try await storage.activePath(of: session).contains(left.userMessage.id) == false)
            #expect(
                Set(try await storage.found("hedgehogs", in: session)) == [left.userMessage.id, right.userMessage.id]
            )
        }
    }

    @Test(arguments: [Message.State.complete, .stopped, .failed, .timedOut, .abandoned])
    func anAnswerIsFoundWhenItHasEnded(state: Message.State) async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let begun = try await storage.begin(storage.exchange(in: session, text: "question"))
            let checkpoint = StreamCheckpoint(
                clientID: storage.owner,
                messageID: begun.response.id,
                nodeID: storage.node.id,
                content: [.text("partial hedgehog")],
                chunks: 1
            )
            #expect(try await storage.messages.checkpoint(checkpoint))
            #expect(try await storage.found("hedgehog", in: session).isEmpty)
            try await storage.finish(begun.response.id, as: state, content: [.text("a hedgehog")])
            #expect(try await storage.found("hedgehog", in: session) == [begun.response.id])
        }
    }

    @Test func anInterruptedAnswerIsFound() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let dead = NodeID.make()
            let begun = try await storage.begin(storage.exchange(in: session, node: dead))
            let checkpoint = StreamCheckpoint(
                clientID: storage.owner,
                messageID: begun.response.id,
                nodeID: dead,
                content: [.text("half a hedgehog")],
                chunks: 1
            )
            #expect(try await storage.messages.checkpoint(checkpoint))
            _ = try await storage.leases.closeOrphan(begun.response.id, client: storage.owner)
            #expect(try await storage.found("hedgehog", in: session) == [begun.response.id])
        }
    }

    @Test func theNeighboursOnThePathAreShownShortened() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let long = String(repeating: "long ", count: 40)
            let first = try await storage.say("what\nis it?", answer: [.text("a hedgehog")], in: session)
            try await storage.say("not active", in: session)
            try await storage.say(long, in: session, under: .message(first.response.id))
            let result = try await storage.onlyResult("hedgehog", in: session)
            #expect(result.context == "user: what is it?\nuser: \(long.prefix(120))…")
            #expect(
                try await storage.onlyResult("active", in: session).context == "assistant: a hedgehog\nassistant: Sure."
            )
        }
    }

    @Test func foreignAndUnknownSessionsAreNotThere() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.say("a hedgehog", in: session)
            let stranger = try #require(ClientID("mallory"))
            let foreign = try storage.query("hedgehog", of: stranger)
            #expect(try await storage.search.searchMessages(of: session, foreign) == nil)
            #expect(try await storage.search.searchMessages(of: .make(), storage.query("hedgehog")) == nil)
            #expect(try await storage.search.searchSessions(foreign).results.isEmpty)
            let other = try await storage.makeSession()
            #expect(try await storage.found("hedgehog", in: other).isEmpty)
        }
    }

    @Test func aDeletedSessionLeavesNothing() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession(metadata: ["title": "hedgehogs"])
            try await storage.say("a hedgehog", in: session)
            try await storage.database.query("DELETE FROM sessions")
            #expect(try await storage.foundSessions("hedgehog").isEmpty)
            #expect(try await storage.database.query("SELECT count(*) FROM message_texts") == "0")
            #expect(try await storage.database.query("SELECT count(*) FROM session_texts") == "0")
        }
    }

    @Test func messagesWithoutTextAreNotIndexed() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let image = ContentPart.image(url: "http://images.example/hedgehog.png", mimeType: nil)
            try await storage.say("look", answer: [image], in: session)
            #expect(try await storage.found("hedgehog or images.example or example", in: session).isEmpty)
            #expect(try await storage.database.query("SELECT count(*) FROM message_texts") == "1")
        }
    }
}
