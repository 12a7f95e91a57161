internal import ChatCore
internal import FoundationEssentials
internal import Logging

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

extension RuntimeConfiguration {
    init(reading settings: inout SettingsReader) {
        self.init(
            role: settings.role,
            nodeName: settings.text(.nodeID, default: Self.defaultNodeName) ?? "",
            host: settings.text(.host) ?? "",
            adminPort: settings.integer(.adminPort),
            database: DatabaseConfiguration(reading: &settings),
            redisURL: settings.redisURL(),
            logging: LoggingConfiguration(reading: &settings),
            drainSeconds: settings.integer(.drainSeconds),
            webhookAllowPrivate: settings.boolean(.webhookAllowPrivate)
        )
    }

    private static var defaultNodeName: String {
        let process = ProcessInfo.processInfo
        return "\(process.hostName)-\(process.processIdentifier)"
    }
}

extension DatabaseConfiguration {
    init(reading settings: inout SettingsReader) {
        let url = settings.text(.databaseURL) ?? ""
        if !url.isEmpty, !url.hasPrefix("postgresql://"), !url.hasPrefix("postgres://"), !url.contains("=") {
            settings.refuse(
                .databaseURL,
                "must be postgresql://… or a libpq connection string",
                from: settings.lastOrigin
            )
        }
        self.init(
            url: url,
            poolSize: settings.integer(
                .databasePoolSize,
                default: max(4, 2 * ProcessInfo.processInfo.activeProcessorCount)
            ),
            statementTimeoutMilliseconds: settings.integer(.databaseStatementTimeout)
        )
    }
}

extension LoggingConfiguration {
    init(reading settings: inout SettingsReader) {
        let level = settings.choice(.logLevel)
        let format = settings.choice(.logFormat, default: isatty(STDERR_FILENO) == 1 ? "text" : "json")
        self.init(level: Logger.Level(rawValue: level) ?? .info, format: Format(rawValue: format) ?? .json)
    }
}

extension SettingsReader {
    fileprivate mutating func redisURL() -> String {
        let url = text(.redisURL) ?? ""
        let schemes = ["redis://", "rediss://", "unix://"]
        if !url.isEmpty, !schemes.contains(where: { url.hasPrefix($0) && url.count > $0.count }) {
            refuse(.redisURL, "must be redis://…, rediss://… or unix://…", from: lastOrigin)
        }
        return url
    }
}
