internal import ChatCore

/// The `--name value` and `--name=value` pairs of a command line, by the names of the settings.
struct CommandLineSettings {
    private(set) var values: [String: String] = [:]
    /// The file `--config` names.
    private(set) var configurationFile: String?
    private(set) var problems: [String] = []

    init(_ arguments: [String], role: Node.Role) {
        let known = Dictionary(uniqueKeysWithValues: Setting.read(by: role).map { ($0.flag, $0.name) })
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("--") else {
                problems.append("unexpected argument '\(argument)'")
                continue
            }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let flag = String(parts[0])
            guard flag == "--config" || known[flag] != nil else {
                problems.append("\(flag) is no setting of \(role.executableName)")
                if parts.count == 1, rest.first?.hasPrefix("--") == false { rest.removeFirst() }
                continue
            }
            if parts.count == 2 {
                take(flag, String(parts[1]), known[flag])
            } else if let value = rest.first, !value.hasPrefix("--") {
                rest.removeFirst()
                take(flag, value, known[flag])
            } else {
                problems.append("\(flag) needs a value")
            }
        }
    }

    /// `name` is `nil` for the flag that is no setting, `--config`.
    private mutating func take(_ flag: String, _ value: String, _ name: String?) {
        let isRepeated = name.map { values[$0] != nil } ?? (configurationFile != nil)
        if isRepeated { problems.append("\(flag) is given twice") }
        if let name { values[name] = value } else { configurationFile = value }
    }
}
