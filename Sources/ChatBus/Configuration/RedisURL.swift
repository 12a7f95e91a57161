/// The parts of a Redis address, percent-decoded.
///
/// `redis[s]://[[user]:password@]host[:port][/database][?parameters]` and
/// `unix://[[user]:password@]/path[?parameters]`, as the registered `redis` scheme and common clients have it.
struct RedisURL {
    enum Scheme: String {
        case redis, rediss, unix
    }

    var scheme: Scheme
    var username: String?
    var password: String?
    var host: String
    var port: Int
    /// For `unix` the socket, otherwise empty.
    var path: String
    var database: Int
    var parameters: [String: String]

    init(_ text: String) throws(RedisConfigurationError) {
        guard let separator = text.firstIndex(of: ":"), text[separator...].hasPrefix("://"),
            let scheme = Scheme(rawValue: text[..<separator].lowercased())
        else { throw RedisConfigurationError(.scheme, "must begin with redis://, rediss:// or unix://") }
        guard !text.contains("#") else {
            throw RedisConfigurationError(.fragment, "must have no fragment (write # as %23)")
        }
        let afterScheme = text[separator...].dropFirst(3)
        let (hierarchy, query) = afterScheme.split(atFirst: "?")
        let pathStart = hierarchy.firstIndex(of: "/") ?? hierarchy.endIndex
        let path = hierarchy[pathStart...]
        let authority = hierarchy[..<pathStart]
        let hostStart = authority.lastIndex(of: "@").map(authority.index(after:)) ?? authority.startIndex

        self.scheme = scheme
        self.parameters = try Self.parameters(in: query ?? "")
        (self.username, self.password) = try Self.credentials(in: authority[..<hostStart].dropLast())
        (self.host, self.port) = ("", 0)
        let databaseText: Substring?
        if scheme == .unix {
            guard hostStart == authority.endIndex, path.count > 1, let decoded = path.percentDecoded() else {
                throw RedisConfigurationError(.path, "unix:// must be followed by the absolute path of a socket")
            }
            self.path = decoded
            databaseText = nil
        } else {
            (self.host, self.port) = try Self.hostAndPort(in: authority[hostStart...])
            self.path = ""
            databaseText = path.count > 1 ? path.dropFirst() : nil
        }
        self.database = try Self.database(path: databaseText, parameter: parameters.removeValue(forKey: "db"))
    }

    private static func credentials(
        in text: Substring
    ) throws(RedisConfigurationError) -> (username: String?, password: String?) {
        guard !text.isEmpty else { return (nil, nil) }
        let (user, secret) = text.split(atFirst: ":")
        guard let username = user.percentDecoded(), let password = (secret ?? "").percentDecoded() else {
            throw RedisConfigurationError(.credentials, "user and password must be percent-encoded UTF-8")
        }
        guard !password.isEmpty else {
            throw RedisConfigurationError(.credentials, "a user needs a password (user:password@ or :password@)")
        }
        return (username.isEmpty ? nil : username, password)
    }

    private static func hostAndPort(in text: Substring) throws(RedisConfigurationError) -> (host: String, port: Int) {
        var host = text
        var portText: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else {
                throw RedisConfigurationError(.host, "an IPv6 host must be closed with ]")
            }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else {
                throw RedisConfigurationError(.port, "only :port may follow an IPv6 host")
            }
            portText = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            (host, portText) = text.split(atFirst: ":")
        }
        guard let name = host.percentDecoded(), !name.isEmpty else {
            throw RedisConfigurationError(.host, "the host is missing")
        }
        guard let portText else { return (name, 6379) }
        guard let port = UInt16(portText), port > 0 else {
            throw RedisConfigurationError(.port, "the port must be a number from 1 to 65535")
        }
        return (name, Int(port))
    }

    private static func database(path: Substring?, parameter: String?) throws(RedisConfigurationError) -> Int {
        if path != nil, parameter != nil {
            throw RedisConfigurationError(.database, "the database must be given once, as /db or as ?db=")
        }
        guard let text = path.map(String.init) ?? parameter else { return 0 }
        guard let database = UInt16(text) else {
            throw RedisConfigurationError(.database, "the database must be a number from 0 to 65535")
        }
        return Int(database)
    }

    private static func parameters(in query: Substring) throws(RedisConfigurationError) -> [String: String] {
        var parameters: [String: String] = [:]
        for pair in query.split(separator: "&") {
            let (nameText, valueText) = pair.split(atFirst: "=")
            guard let name = nameText.percentDecoded(), let value = valueText?.percentDecoded(), !value.isEmpty else {
                throw RedisConfigurationError(.parameter, "every parameter must be name=value")
            }
            guard parameters.updateValue(value, forKey: name) == nil else {
                throw RedisConfigurationError(.parameter, "a parameter is given twice")
            }
        }
        return parameters
    }
}

extension Substring {
    fileprivate func split(atFirst separator: Character) -> (Substring, Substring?) {
        guard let index = firstIndex(of: separator) else { return (self, nil) }
        return (self[..<index], self[self.index(after: index)...])
    }

    /// Nil when an escape is malformed or the result is not UTF-8.
    fileprivate func percentDecoded() -> String? {
        var bytes: [UInt8] = []
        var rest = utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst()?.hexDigitValue, let low = rest.popFirst()?.hexDigitValue else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension UInt8 {
    fileprivate var hexDigitValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
