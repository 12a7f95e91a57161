internal import Synchronization

/// Writes a session to a file and hands out a link to it.
///
/// The session passes through page by page: memory does not grow with its length.
public struct ExportSession: Sendable {
    /// How long a link works: the 24 h that are promised, and a little for the answer's way.
    static let linkSeconds = 86_400 + 300
    /// How long a file has to be kept: as long as its link works, and a little for clocks that differ.
    public static let keptSeconds = linkSeconds + 3300
    /// Exports a node writes at once; each holds a page and the buffer of its upload.
    static let maximumConcurrent = 16
    /// Of those, exports of one client.
    static let maximumConcurrentOfClient = 4

    private let transcripts: any TranscriptStore
    private let store: any ExportStore
    private let slots = Slots()

    public init(transcripts: any TranscriptStore, store: any ExportStore) {
        self.transcripts = transcripts
        self.store = store
    }

    public struct Request: ReadableRequest, Hashable {
        public var format: ExportFormat
        public var scope: ExportScope

        public init(format: ExportFormat, scope: ExportScope) {
            self.format = format
            self.scope = scope
        }

        public init?(from reader: inout ObjectReader) {
            let format = reader.word("format", required: true, as: ExportFormat.self)
            let scope = reader.word("scope", required: true, as: ExportScope.self)
            guard let format, let scope else { return nil }
            self.init(format: format, scope: scope)
        }
    }

    /// Returns when the file is there. When anything fails, or the caller is cancelled, nothing stays behind.
    ///
    /// - Throws: ``ChatError``: `SESSION_NOT_FOUND`, also when the session is deleted meanwhile; `SERVICE_UNAVAILABLE`
    ///   when the database or the store is out of reach or too many exports run, `RATE_LIMIT_EXCEEDED` when too many of
    ///   the caller's do.
    public func callAsFunction(_ request: Request, of id: SessionID, caller: Caller) async throws -> ExportLink {
        try slots.take(for: caller.clientID)
        defer { slots.giveBack(of: caller.clientID) }
        guard
            let transcript = try await transcripts.transcript(of: id, client: caller.clientID, scope: request.scope)
        else { throw ChatError.sessionNotFound(id) }
        let name = ExportName(of: id, format: request.format)
        var upload = try await store.begin(name)
        do {
            try await write(transcript, as: request.format, to: &upload)
            try await upload.finish()
        } catch {
            let failed = upload
            // In a task of its own: a cancelled one could not reach the store any more.
            await Task {
                var failed = failed
                await failed.abort()
            }.value
            throw error
        }
        return try await store.link(to: name, validForSeconds: Self.linkSeconds)
    }

    private func write(
        _ transcript: Transcript,
        as format: ExportFormat,
        to upload: inout any ExportUpload
    ) async throws {
        var renderer = format.renderer
        try await upload.write(renderer.begin(transcript, exportedAt: .now))
        var position: TranscriptPosition?
        repeat {
            try Task.checkCancellation()
            guard let page = try await transcripts.page(of: transcript, after: position) else {
                throw ChatError.sessionNotFound(transcript.session.id)
            }
            try await upload.write(renderer.messages(page.messages))
            position = page.next
        } while position != nil
        try await upload.write(renderer.end())
    }

    /// Counts what runs.
    private final class Slots: Sendable {
        private struct Taken {
            var count = 0
            var ofClients: [ClientID: Int] = [:]
        }

        private let taken = Mutex(Taken())

        func take(for client: ClientID) throws(ChatError) {
            try taken.withLock { taken throws(ChatError) in
                guard taken.ofClients[client, default: 0] < ExportSession.maximumConcurrentOfClient else {
                    throw ChatError(
                        .rateLimitExceeded,
                        "Too many of your exports run at the moment.",
                        retryAfterSeconds: 2,
                        limitType: "concurrent"
                    )
                }
                guard taken.count < ExportSession.maximumConcurrent else {
                    throw ChatError(.serviceUnavailable, "Too many exports run at the moment.", retryAfterSeconds: 2)
                }
                taken.count += 1
                taken.ofClients[client, default: 0] += 1
            }
        }

        func giveBack(of client: ClientID) {
            taken.withLock { taken in
                taken.count -= 1
                let left = taken.ofClients[client, default: 1] - 1
                taken.ofClients[client] = left > 0 ? left : nil
            }
        }
    }
}
