public import ChatCore

/// What `chat-engine-bus` reads.
public struct BusConfiguration: ReadableConfiguration {
    public static var role: Node.Role { .bus }

    public var runtime: RuntimeConfiguration

    public init(runtime: RuntimeConfiguration) {
        self.runtime = runtime
    }

    public init(reading settings: inout SettingsReader) {
        self.init(runtime: RuntimeConfiguration(reading: &settings))
    }
}
