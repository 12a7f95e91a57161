public import ChatCore
public import FoundationEssentials

/// A configuration that can be read from flags, environment, file and defaults, in this order of precedence.
public protocol ReadableConfiguration: Sendable {
    /// The executable whose settings, flags and defaults apply.
    static var role: Node.Role { get }

    /// Lists what is read: each setting once, in the order of `check-config`.
    init(reading settings: inout SettingsReader)
}

extension ReadableConfiguration {
    /// Reads the configuration.
    ///
    /// - Parameters:
    ///   - arguments: `--name value` pairs as they stand on the command line, without program name and subcommand.
    ///   - environment: the variables of the process; an empty one counts as not set.
    /// - Throws: ``ConfigurationProblems`` naming everything that is missing, unknown, malformed or contradictory.
    public static func read(
        arguments: [String],
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws(ConfigurationProblems) -> Self {
        var settings = await SettingsReader(role: role, arguments: arguments, environment: environment)
        let configuration = Self(reading: &settings)
        guard settings.problems.isEmpty else { throw ConfigurationProblems(settings.problems) }
        return configuration
    }

    /// The effective configuration for `check-config`: one line `NAME=value  # origin` a setting, secrets masked.
    ///
    /// - Throws: ``ConfigurationProblems`` as ``read(arguments:environment:)`` does.
    public static func check(
        arguments: [String],
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws(ConfigurationProblems) -> [String] {
        var settings = await SettingsReader(role: role, arguments: arguments, environment: environment)
        _ = Self(reading: &settings)
        guard settings.problems.isEmpty else { throw ConfigurationProblems(settings.problems) }
        return settings.readings.map(\.line)
    }
}

extension SettingsReader.Reading {
    fileprivate var line: String {
        guard let value else { return "\(setting.name)=  # not set" }
        let shown =
            switch setting.secrecy {
            case .open: value
            case .holdsPassword: ConnectionStringMask.masked(value)
            case .secret: Secret.mask
            }
        return "\(setting.name)=\(shown)  # \(origin.description)"
    }
}
