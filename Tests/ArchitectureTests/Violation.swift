/// What a rule found, in the form an editor can jump to.
struct Violation: Equatable, CustomStringConvertible {
    var path: String
    var line: Int
    var rule: String

    var description: String { "\(path):\(line): \(rule)" }
}
