public import ChatCore

/// One thing an operator can set. Reading, `check-config` and docs/configuration.md are all made from this table.
public struct Setting: Sendable {
    public enum Kind: Sendable, Equatable {
        case text
        case list
        case boolean
        case integer(ClosedRange<Int>)
        case choice([String])
    }

    public enum Default: Sendable, Equatable {
        /// The program does not start without it.
        case required
        /// Absent means off, or that another setting takes its place.
        case absent
        case value(String)
        case perRole([Node.Role: String])
        /// Found out at start; the text says how.
        case computed(String)
    }

    /// How much of the value may be shown.
    public enum Secrecy: Sendable, Equatable {
        case open
        /// An address that may carry a password.
        case holdsPassword
        case secret
    }

    /// The key in the environment and in the file.
    public let name: String
    public let kind: Kind
    public let defaultValue: Default
    public let secrecy: Secrecy
    /// The executables that read it.
    public let roles: [Node.Role]
    /// What it means, units included; one sentence for the documentation.
    public let meaning: String

    init(
        _ name: String,
        _ kind: Kind,
        _ defaultValue: Default,
        _ roles: [Node.Role],
        secrecy: Secrecy = .open,
        _ meaning: String
    ) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
        self.secrecy = secrecy
        self.roles = roles
        self.meaning = meaning
    }

    /// The key on the command line: `DATABASE_URL` is `--database-url`.
    public var flag: String { "--" + name.lowercased().split(separator: "_").joined(separator: "-") }

    /// The default as text, where it is known before the program runs.
    func fixedDefault(for role: Node.Role) -> String? {
        switch defaultValue {
        case .value(let text): text
        case .perRole(let texts): texts[role]
        case .required, .absent, .computed: nil
        }
    }
}

extension Node.Role {
    /// Every kind of process.
    static let all: [Node.Role] = [.api, .gateway, .bus]

    /// The name of the program, `chat-engine-api` and so on.
    public var executableName: String { "chat-engine-\(rawValue)" }
}
