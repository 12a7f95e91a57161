public import ChatCore
internal import FoundationEssentials

extension TokenConfiguration: ReadableConfiguration {
    /// The executable that signs development tokens.
    public static var role: Node.Role { .api }

    public init(reading settings: inout SettingsReader) {
        self.init(
            secret: Secret(Self.secret(&settings)),
            issuer: settings.text(.jwtIssuer),
            audience: settings.text(.jwtAudience),
            clientClaim: settings.text(.jwtClientClaim) ?? ""
        )
    }

    private static func secret(_ settings: inout SettingsReader) -> String {
        let direct = settings.text(.jwtSecret)
        let path = settings.text(.jwtSecretFile)
        switch (direct, path) {
        case (nil, nil):
            settings.refuse("JWT_SECRET is missing: set it or JWT_SECRET_FILE")
            return ""
        case (_?, _?):
            settings.refuse("JWT_SECRET and JWT_SECRET_FILE contradict each other: set one of them")
            return ""
        case (let secret?, nil):
            checkLength(secret, of: .jwtSecret, &settings)
            return secret
        case (nil, let path?):
            guard var secret = try? String(contentsOfFile: path, encoding: .utf8) else {
                settings.refuse("JWT_SECRET_FILE cannot be read as text: \(path)")
                return ""
            }
            while secret.last?.isNewline == true { secret.removeLast() }
            checkLength(secret, of: .jwtSecretFile, &settings)
            return secret
        }
    }

    private static func checkLength(_ secret: String, of setting: Setting, _ settings: inout SettingsReader) {
        let length = secret.utf8.count
        guard length < minimumSecretBytes else { return }
        settings.refuse("\(setting.name) is \(length) bytes long: HS256 needs at least \(minimumSecretBytes)")
    }
}
