internal import ChatCore

/// docs/configuration.md, made from the table of settings.
public enum SettingsDocument {
    /// The whole file.
    public static var markdown: String {
        let rows = Setting.all.map { setting in
            "| `\(setting.name)` | \(kind(setting)) | \(defaultValue(setting)) | \(roles(setting)) | "
                + "\(setting.meaning) |"
        }
        return (introduction + rows).joined(separator: "\n") + "\n"
    }

    private static let introduction = [
        "# Configuration",
        "",
        "Each setting can be given as a flag, as an environment variable, or in a file; a flag wins over the",
        "environment, the environment over the file, the file over the default.",
        "",
        "- Flag: the name in lower case with dashes, `--database-url URL` or `--database-url=URL`.",
        "- Environment: the name as below. An empty variable counts as not set.",
        "- File: `--config PATH`, JSON (`.json`) or YAML (`.yaml`, `.yml`), one key a setting, the names as below. One",
        "  file can serve all three programs.",
        "",
        "`check-config` of each program prints what is in force and where it comes from, secrets masked. No program",
        "starts with a setting missing, unknown, malformed or contradictory: it names every one on standard error and",
        "exits with 1.",
        "",
        "Used by: *api* `chat-engine-api`, *gateway* `chat-engine-gateway`, *bus* `chat-engine-bus`.",
        "",
        "| Name | Type | Default | Used by | Meaning |",
        "|---|---|---|---|---|",
    ]

    private static func kind(_ setting: Setting) -> String {
        let kind =
            switch setting.kind {
            case .text: "text"
            case .list: "list"
            case .boolean: "true or false"
            case .integer(let range): "whole number, \(range.lowerBound)…\(range.upperBound)"
            case .choice(let words): words.map { "`\($0)`" }.joined(separator: ", ")
            }
        return setting.secrecy == .secret ? "\(kind), secret" : kind
    }

    private static func defaultValue(_ setting: Setting) -> String {
        switch setting.defaultValue {
        case .required: "required"
        case .absent: "—"
        case .value(let text): "`\(text)`"
        case .computed(let description): description
        case .perRole(let values):
            setting.roles.compactMap { role in values[role].map { "\(role.rawValue) `\($0)`" } }.joined(separator: ", ")
        }
    }

    private static func roles(_ setting: Setting) -> String {
        setting.roles == Node.Role.all ? "all" : setting.roles.map(\.rawValue).joined(separator: ", ")
    }
}
