public import ChatCore

/// Runs of summaries in PostgreSQL.
public struct SummaryRepository: SummaryStore {
    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    /// One round trip. The tree is only read, so the session is held, but others write into it at the same time.
    public func beginSummary(_ summary: NewSummary) async throws -> SummaryOutcome {
        try await withPortErrors { try await KeySteps.settle { try await attempt(summary) } }
    }

    public func checkpoint(_ checkpoint: StreamCheckpoint) async throws -> Bool {
        try await withPortErrors {
            try await client.execute(SummaryStatements.checkpoint(checkpoint)).affectedRows == 1
        }
    }

    public func finish(_ end: StreamEnd) async throws -> StreamResult? {
        var end = end
        end.metadata["state"] = nil
        let isEnded = try await withPortErrors {
            if end.state == .complete { return try await complete(end) }
            return try await client.execute(SummaryStatements.end(end)).affectedRows == 1
        }
        guard isEnded else { return nil }
        return StreamResult(state: end.state, content: end.content, chunks: end.chunks, metadata: end.metadata)
    }

    public func result(of stream: MessageID, client: ClientID) async throws -> StreamResult? {
        guard let run = try await run(stream, of: client), run.state != .streaming else { return nil }
        return run
    }

    /// The session is locked first and in a statement of its own, as everybody does who changes it: what is written goes
    /// on from the metadata that others have left.
    ///
    /// - Returns: `false` when the run is not this node's, or has ended.
    private func complete(_ end: StreamEnd) async throws -> Bool {
        try await client.withTransaction { transaction in
            let lock = SummaryStatements.lockSession(of: end.messageID, client: end.clientID)
            guard let row = try await transaction.execute(lock).first,
                try await transaction.execute(SummaryStatements.end(end)).affectedRows == 1
            else { return false }
            let before = try row.jsonObject(1)
            var after = before
            after["summary"] = .string(Self.text(of: end.content))
            let longest = SessionEditRepository.maximumMetadataBytes
            guard after == before || JSONValue.object(after).bytes.count <= longest else {
                throw ChatError(.internalError, "With the summary the metadata would be longer than \(longest) bytes.")
            }
            let session = SessionID(try row.uuid(0))
            _ = try await transaction.execute(
                SessionEditStatements.setMetadata(after, of: session, client: end.clientID)
            )
            return true
        }
    }

    /// Its parts of text and code, with an empty line between them.
    private static func text(of content: [ContentPart]) -> String {
        content.compactMap { part in
            switch part {
            case .text(let text): text
            case .code(let code, _): code
            case .image, .audio, .video, .document: nil
            }
        }.joined(separator: "\n\n")
    }

    private func attempt(_ summary: NewSummary) async throws -> SummaryOutcome? {
        let results = try await client.transaction([
            SummaryStatements.hold(summary.sessionID, of: summary.clientID), SummaryStatements.history(summary),
            SummaryStatements.write(summary),
        ])
        guard results.count == 3, let row = results[2].first else {
            throw PostgresError(.protocolViolation, "The summary was answered without a verdict.")
        }
        switch try row.word(0, as: Verdict.self) {
        case .accepted: return .begun(history: try results[1].history())
        case .claimedMeanwhile: return nil
        case .repeated:
            let summaryID = MessageID(try row.uuid(1))
            // This very summary, whose commit was not confirmed when it was sent first.
            if summaryID == summary.summaryID,
                try await run(summaryID, of: summary.clientID)?.state == .streaming
            {
                return .begun(history: try results[1].history())
            }
            return .repeated(summaryID: summaryID)
        case .keyReused: return .keyReused
        case .sessionNotFound: return .sessionNotFound
        }
    }

    private func run(_ id: MessageID, of client: ClientID) async throws -> StreamResult? {
        try await withPortErrors {
            guard let row = try await self.client.execute(SummaryStatements.run(id, of: client)).first else {
                return nil
            }
            return StreamResult(
                state: try row.word(0, as: Message.State.self),
                content: try row.jsonArray(1) { ContentPart(stored: $0) },
                chunks: Int(try row.integer(2)),
                metadata: try row.jsonObject(3)
            )
        }
    }
}

/// What the writing statement says of itself.
private enum Verdict: String {
    case accepted
    case claimedMeanwhile = "claimed_meanwhile"
    case repeated
    case keyReused = "key_reused"
    case sessionNotFound = "session_not_found"
}
