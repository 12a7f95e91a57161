internal import ChatCore
internal import Configuration

/// Reads settings by the table and collects what is wrong with them instead of stopping at the first.
///
/// A value that cannot be read is noted in ``problems`` and stood in for, so that reading goes on; nobody sees the
/// stand-in, because the configuration is thrown away when there are problems.
public struct SettingsReader: Sendable {
    struct Reading: Sendable {
        let setting: Setting
        let value: String?
        let origin: SettingOrigin
    }

    let role: Node.Role
    private let reader: ConfigReader
    private let reporter: OriginReporter
    private(set) var problems: [String]
    /// What was read, in order, for `check-config`.
    private(set) var readings: [Reading] = []

    init(role: Node.Role, arguments: [String], environment: [String: String]) async {
        self.role = role
        let commandLine = CommandLineSettings(arguments, role: role)
        problems = commandLine.problems
        var file: ConfigurationFile?
        if let path = commandLine.configurationFile {
            do {
                file = try await ConfigurationFile(path: path)
            } catch {
                problems += error.lines
            }
        }
        let known = Set(Setting.all.map(\.name))
        for name in file?.names ?? [] where !known.contains(name) {
            problems.append("\(name) in \(commandLine.configurationFile ?? "") is no setting")
        }
        let defaults = Setting.read(by: role).compactMap { setting in
            setting.fixedDefault(for: role).map { (setting.name, $0) }
        }
        // An empty variable counts as none: compose files and shells pass those for what is not set.
        var sources: [(SettingOrigin, any ConfigProvider)] = [
            (.flag, EnvironmentVariablesProvider(environmentVariables: commandLine.values)),
            (.environment, EnvironmentVariablesProvider(environmentVariables: environment.filter { !$1.isEmpty })),
        ]
        if let file { sources.append((.file, file.provider)) }
        let defaultValues = Dictionary(defaults, uniquingKeysWith: { _, last in last })
        sources.append((.defaults, EnvironmentVariablesProvider(environmentVariables: defaultValues)))
        reporter = OriginReporter(sources.map(\.0))
        reader = ConfigReader(providers: sources.map(\.1), accessReporter: reporter)
    }

    mutating func refuse(_ problem: String) {
        problems.append(problem)
    }

    /// Notes the value in force, for `check-config`.
    mutating func note(_ setting: Setting, _ value: String?, from origin: SettingOrigin?) {
        readings.append(Reading(setting: setting, value: value, origin: origin ?? .defaults))
    }

    /// Where the last value came from; `nil` when it has none.
    var lastOrigin: SettingOrigin? { reporter.lastOrigin }

    /// One value through all sources; `nil` when none has it, or when it is not what `expectation` says.
    mutating func look<Value>(
        _ setting: Setting,
        expecting expectation: String,
        _ read: (ConfigReader, ConfigKey) throws -> Value
    ) -> Value? {
        do {
            return try read(reader, ConfigKey([setting.name]))
        } catch {
            // The library's words may quote the value.
            if let origin = reporter.lastOrigin { refuse(setting, expectation, from: origin) }
            return nil
        }
    }

    mutating func refuse(_ setting: Setting, _ problem: String, from origin: SettingOrigin?) {
        let place =
            switch origin {
            case .flag?: " (from \(setting.flag))"
            case .file?: " (from the file)"
            case .environment?, .defaults?, nil: ""
            }
        problems.append("\(setting.name)\(place) \(problem)")
    }
}
