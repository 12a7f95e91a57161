/// One command sent before a connection is used.
enum HandshakeStep: Hashable, Sendable {
    case authenticate(username: String?, password: String)
    case select(database: Int)
    case setName(String)
    /// Shows that the server takes commands: that no password is missing and no data set is loading.
    case ping

    var words: [String] {
        switch self {
        case .authenticate(let username?, let password): ["AUTH", username, password]
        case .authenticate(nil, let password): ["AUTH", password]
        case .select(let database): ["SELECT", String(database)]
        case .setName(let name): ["CLIENT", "SETNAME", name]
        case .ping: ["PING"]
        }
    }

    /// For logs and errors; without arguments, one of which is the password.
    var name: String {
        switch self {
        case .authenticate: "AUTH"
        case .select: "SELECT"
        case .setName: "CLIENT SETNAME"
        case .ping: "PING"
        }
    }

    /// The name is for people; a server that forbids setting it is used all the same.
    var isRequired: Bool {
        if case .setName = self { false } else { true }
    }

    static func steps(for configuration: RedisConfiguration, role: RedisConnectionRole) -> [HandshakeStep] {
        var steps: [HandshakeStep] = []
        if let password = configuration.password {
            steps.append(.authenticate(username: configuration.username, password: password))
        }
        if configuration.database != 0 { steps.append(.select(database: configuration.database)) }
        steps.append(.setName("\(configuration.clientName):\(role.rawValue)"))
        steps.append(.ping)
        return steps
    }
}
