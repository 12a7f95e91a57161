public import ChatCore
public import ChatRuntime

/// What export and download need: the use case, and the store its files are in.
public struct ExportingServices: Sendable {
    public let exportSession: ExportSession
    /// `nil` where downloads do not pass through the nodes.
    let downloads: LocalExportStore?
    private let shutdownStore: @Sendable () async -> Void

    /// - Parameters:
    ///   - tokenSecret: what the key that signs links is derived from, unless the configuration has one.
    ///   - publicBaseURL: where clients reach the nodes, without a slash at its end.
    public init(
        configuration: ExportConfiguration,
        tokenSecret: Secret,
        publicBaseURL: String,
        transcripts: any TranscriptStore
    ) {
        switch configuration.store {
        case .directory(let path):
            let store = LocalExportStore(
                directory: path,
                signer: DownloadSigner(secret: configuration.signingKey ?? tokenSecret),
                publicBaseURL: publicBaseURL
            )
            self.init(transcripts: transcripts, store: store, downloads: store)
        case .s3(let configuration):
            let store = S3ExportStore(configuration)
            self.init(transcripts: transcripts, store: store, downloads: nil) { await store.shutdown() }
        }
    }

    init(
        transcripts: any TranscriptStore,
        store: any ExportStore,
        downloads: LocalExportStore?,
        shutdownStore: @escaping @Sendable () async -> Void = {}
    ) {
        exportSession = ExportSession(transcripts: transcripts, store: store)
        self.downloads = downloads
        self.shutdownStore = shutdownStore
    }

    /// Closes the connections to the store; to be called when the last export has ended.
    public func shutdown() async { await shutdownStore() }
}
