public import ChatCore

/// What `chat-engine-api` reads to serve.
public struct APIConfiguration: ReadableConfiguration {
    public static var role: Node.Role { .api }

    public var runtime: RuntimeConfiguration
    public var listener: PublicListenerConfiguration
    /// Largest request body.
    public var maximumBodyBytes: Int

    public init(
        runtime: RuntimeConfiguration,
        listener: PublicListenerConfiguration,
        maximumBodyBytes: Int = 1_048_576
    ) {
        self.runtime = runtime
        self.listener = listener
        self.maximumBodyBytes = maximumBodyBytes
    }

    public init(reading settings: inout SettingsReader) {
        self.init(
            runtime: RuntimeConfiguration(reading: &settings),
            listener: PublicListenerConfiguration(reading: &settings),
            maximumBodyBytes: settings.integer(.maximumBodyBytes)
        )
        settings.checkPorts(public: listener.port, administration: runtime.adminPort)
    }
}
