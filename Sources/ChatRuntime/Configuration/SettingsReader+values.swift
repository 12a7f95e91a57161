internal import ChatCore
internal import Configuration

extension SettingsReader {
    /// Text; missing where it is required is a problem.
    mutating func text(_ setting: Setting, default computed: @autoclosure () -> String? = nil) -> String? {
        let count = problems.count
        let found = look(setting, expecting: "must be text") { reader, key in
            try reader.requiredString(forKey: key, isSecret: setting.secrecy != .open)
        }
        if let found, found.isEmpty { refuse(setting, "must not be empty", from: lastOrigin) }
        if found == nil, setting.defaultValue == .required, problems.count == count {
            refuse(
                "\(setting.name) is missing: set it in the environment, with \(setting.flag) or in the file of --config"
            )
        }
        let value = found ?? computed()
        note(setting, value, from: found == nil ? nil : lastOrigin)
        return value
    }

    /// A whole number within the setting's range.
    mutating func integer(_ setting: Setting, default computed: @autoclosure () -> Int = 0) -> Int {
        guard case .integer(let range) = setting.kind else { return computed() }
        let expectation = "must be a whole number from \(range.lowerBound) to \(range.upperBound)"
        let found = look(setting, expecting: expectation) { reader, key in try reader.requiredInt(forKey: key) }
        if let found, !range.contains(found) { refuse(setting, expectation, from: lastOrigin) }
        let value = found ?? computed()
        note(setting, String(value), from: found == nil ? nil : lastOrigin)
        return value
    }

    mutating func boolean(_ setting: Setting) -> Bool {
        let found = look(setting, expecting: "must be true or false") { reader, key in
            try reader.requiredBool(forKey: key)
        }
        note(setting, String(found ?? false), from: found == nil ? nil : lastOrigin)
        return found ?? false
    }

    /// One of the setting's words.
    mutating func choice(_ setting: Setting, default computed: @autoclosure () -> String = "") -> String {
        guard case .choice(let words) = setting.kind else { return computed() }
        let expectation = "must be one of \(words.joined(separator: ", "))"
        let found = look(setting, expecting: expectation) { reader, key in try reader.requiredString(forKey: key) }
        if let found, !words.contains(found) { refuse(setting, expectation, from: lastOrigin) }
        let value = found ?? computed()
        note(setting, value, from: found == nil ? nil : lastOrigin)
        return value
    }

    /// Words separated by commas, or in a file an array; not empty.
    mutating func list(_ setting: Setting, default computed: @autoclosure () -> [String]) -> [String] {
        let found = look(setting, expecting: "must be a list of text") { reader, key in
            do {
                return try reader.requiredString(forKey: key).split(separator: ",").map { Self.trimmed($0) }
            } catch {
                return try reader.requiredStringArray(forKey: key)
            }
        }
        if let found, found.isEmpty || found.contains("") { refuse(setting, "has an empty entry", from: lastOrigin) }
        let value = found ?? computed()
        note(setting, value.joined(separator: ","), from: found == nil ? nil : lastOrigin)
        return value
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
