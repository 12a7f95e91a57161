public import ChatCore

/// What `chat-engine-api` reads to serve.
public struct APIConfiguration: ReadableConfiguration {
    public static var role: Node.Role { .api }

    public var runtime: RuntimeConfiguration
    public var listener: PublicListenerConfiguration
    /// Largest request body.
    public var maximumBodyBytes: Int
    /// Requests for push events that may wait at once.
    public var maximumEventWaits: Int
    public var exports: ExportConfiguration
    /// Time without renewal after which the node counts as dead.
    public var nodeLeaseSeconds: Int

    public init(
        runtime: RuntimeConfiguration,
        listener: PublicListenerConfiguration,
        exports: ExportConfiguration,
        maximumBodyBytes: Int = 1_048_576,
        maximumEventWaits: Int = 2000,
        nodeLeaseSeconds: Int = 8
    ) {
        self.runtime = runtime
        self.listener = listener
        self.exports = exports
        self.maximumBodyBytes = maximumBodyBytes
        self.maximumEventWaits = maximumEventWaits
        self.nodeLeaseSeconds = nodeLeaseSeconds
    }

    public init(reading settings: inout SettingsReader) {
        self.init(
            runtime: RuntimeConfiguration(reading: &settings),
            listener: PublicListenerConfiguration(reading: &settings),
            exports: ExportConfiguration(reading: &settings),
            maximumBodyBytes: settings.integer(.maximumBodyBytes),
            maximumEventWaits: settings.integer(.maximumEventWaits),
            nodeLeaseSeconds: settings.integer(.nodeLeaseSeconds)
        )
        settings.checkPorts(public: listener.port, administration: runtime.adminPort)
    }
}
