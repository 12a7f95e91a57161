public import ChatCore

/// What the subcommands of `chat-engine-api` read that go straight to the database.
public struct AdministrationConfiguration: ReadableConfiguration {
    public static var role: Node.Role { .api }

    public var database: DatabaseConfiguration
    public var logging: LoggingConfiguration

    public init(reading settings: inout SettingsReader) {
        database = DatabaseConfiguration(reading: &settings)
        logging = LoggingConfiguration(reading: &settings)
    }
}
