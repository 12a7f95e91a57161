import ChatCore
import TestSupport
import Testing

/// A stream outlives its connection, and is gone on with from any gateway.
@Suite(.timeLimit(.minutes(5)))
struct ResumeTests {
    private static let words = 12

    @Test("A connection cut at any chunk is gone on with, on the same gateway and on the other", arguments: 0...words)
    func everyCut(index: Int) async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            for gateway in 0...1 {
                let session = try await client.makeSession()
                let doomed = try await client.connect(gateway: 0)
                let request = try await doomed.say("/pace 40ms /words \(Self.words)", in: session)
                let start = try await doomed.begun(request)
                var answer = ResumedStream()
                try await answer.follow(doomed, request, upTo: index)
                try await doomed.abort()

                let back = try await client.connect(gateway: gateway)
                let message = start.string("message_id")
                try await answer.follow(back, try await back.resume(message, from: answer.nextChunk))
                #expect(answer.state == "complete")
                let stored = try await client.message(message, through: gateway)
                #expect(stored.messageState == "complete")
                #expect(stored.messageText == answer.text)
                #expect(answer.nextChunk == Self.words)
            }
        }
    }

    @Test("A connection cut again and again, each time gone on with elsewhere, misses nothing")
    func cutAfterEveryChunk() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let first = try await client.connect(gateway: 0)
            // Longer than all the cuts take, however slow the machine: an ended stream is told by a snapshot.
            let request = try await first.say("/pace 60ms /words 5000", in: session)
            let message = try await first.begun(request).string("message_id")
            var answer = ResumedStream()
            try await answer.follow(first, request, upTo: 1)
            try await first.abort()
            for cut in 1...10 {
                let socket = try await client.connect(gateway: cut % 2)
                let request = try await socket.resume(message, from: answer.nextChunk)
                try await answer.follow(socket, request, upTo: answer.nextChunk + 3)
                try await socket.abort()
            }
            let last = try await client.connect(gateway: 1)
            let watching = try await last.resume(message, from: answer.nextChunk)
            try await answer.follow(last, watching, upTo: answer.nextChunk + 3)
            #expect(try await client.api(1).post("/api/v1/messages/\(message)/stop")["stopped"] == true)
            try await answer.follow(last, watching)
            #expect(answer.state == "stopped")
            #expect(answer.snapshots == 0)
            #expect(answer.text == (try await client.message(message)).messageText)
        }
    }

    @Test("A late joiner gets what came so far and then chunks", arguments: [0, 1])
    func lateJoiner(gateway: Int) async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let request = try await socket.say("/pace 50ms /words 60", in: session)
            let start = try await socket.begun(request)
            let chunks = try await socket.chunks(25, of: request)

            let device = try await client.connect(gateway: gateway)
            var joined = ResumedStream()
            let joining = try await device.resume(start.string("message_id"), from: nil)
            try await joined.follow(device, joining)
            #expect(joined.snapshots == 1)
            #expect(joined.state == "complete")
            let whole = try await socket.stream(of: request, start: start, chunks: chunks)
            whole.expectWellFormed()
            #expect(whole.text == joined.text)
        }
    }

    @Test("Several devices on both gateways watch one stream, each from its place")
    func severalViewers() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let request = try await socket.say("/pace 40ms /words 50", in: session)
            let start = try await socket.begun(request)
            let chunks = try await socket.chunks(10, of: request)
            let viewers = try await withThrowingTaskGroup(of: ResumedStream.self) { group in
                for number in 0..<6 {
                    group.addTask {
                        let device = try await client.connect(gateway: number % 2)
                        var seen = ResumedStream()
                        let watching = try await device.resume(start.string("message_id"), from: 0)
                        try await seen.follow(device, watching)
                        return seen
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let whole = try await socket.stream(of: request, start: start, chunks: chunks)
            whole.expectWellFormed()
            for viewer in viewers {
                #expect(viewer.snapshots == 0)
                #expect(viewer.text == whole.text)
                #expect(viewer.state == "complete")
            }
        }
    }

    @Test("A stream that has ended is told from any place on")
    func ended() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let answer = try await socket.converse("one two three", in: session)
            for next in [nil, 0, 1, 3, 99] {
                let device = try await client.connect(gateway: 1)
                var seen = ResumedStream()
                if next == 3 { seen = ResumedStream(text: answer.text, nextChunk: 3) }
                try await seen.follow(device, try await device.resume(answer.messageID, from: next))
                #expect(seen.snapshots == (next == 3 ? 0 : 1))
                #expect(seen.text == "one two three")
                #expect(seen.end?["metadata"] == answer.end["metadata"])
                #expect(seen.end?["variant_info"] == answer.end["variant_info"])
            }
        }
    }

    @Test("A stop reaches a stream that is watched from another gateway, and the viewer is told")
    func stoppedWhileWatched() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let request = try await socket.say("/pace 50ms /words 2000", in: session)
            let message = try await socket.begun(request).string("message_id")
            let device = try await client.connect(gateway: 1)
            let watching = try await device.resume(message, from: 0)
            var seen = ResumedStream()
            try await seen.follow(device, watching, upTo: 5)
            #expect(try await client.api(1).post("/api/v1/messages/\(message)/stop")["stopped"] == true)
            try await seen.follow(device, watching)
            #expect(seen.state == "stopped")
            #expect(seen.text == (try await client.message(message)).messageText)
        }
    }

    @Test("A failed answer is told as failed again")
    func failed() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let answer = try await socket.converse("/fail 3 /words 10", in: session)
            #expect(answer.end.type == "message.streaming.error")
            let device = try await client.connect(gateway: 1)
            let request = try await device.resume(answer.messageID, from: 3)
            let end = try await device.expect("message.streaming.error", requestID: request)
            #expect(end["error_code"] == "BACKEND_ERROR")
            #expect(end.string("message_id") == answer.messageID)
        }
    }

    @Test("What is not the caller's, or was never streamed, is not resumed")
    func refusals() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let answer = try await socket.converse("mine", in: session)
            let stranger = try await TestClient(of: cluster).connect(gateway: 1)
            for id in [answer.messageID, MessageID.make().description] {
                let request = try await stranger.resume(id, from: 0)
                let refusal = try await stranger.expect("response.error", requestID: request)
                #expect(refusal["error_code"] == "MESSAGE_NOT_FOUND")
            }
            let request = try await socket.resume(answer.userMessageID, from: 0)
            let refusal = try await socket.expect("response.error", requestID: request)
            #expect(refusal["error_code"] == "INVALID_REQUEST")
        }
    }
}
