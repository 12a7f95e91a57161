internal import ChatCore

/// What the processes read that clients talk to.
public struct PublicListenerConfiguration: Sendable {
    /// Port of the public listener, on the host of ``RuntimeConfiguration``; 0 takes any free one.
    public var port: Int
    public var tokens: TokenConfiguration
    /// Without a slash at its end.
    public var publicBaseURL: String
    public var allowedOrigins: AllowedOrigins

    /// Without `allowedOrigins` only pages of the public base URL may call.
    public init(
        port: Int,
        tokens: TokenConfiguration,
        publicBaseURL: String = "http://127.0.0.1:8080",
        allowedOrigins: AllowedOrigins? = nil
    ) {
        self.port = port
        self.tokens = tokens
        self.publicBaseURL = publicBaseURL
        self.allowedOrigins = allowedOrigins ?? AllowedOrigins(Self.defaultOrigins(publicBaseURL))
    }

    init(reading settings: inout SettingsReader) {
        let port = settings.integer(.port)
        let tokens = TokenConfiguration(reading: &settings)
        var baseURL = settings.text(.publicBaseURL) ?? ""
        if baseURL.hasSuffix("/") { baseURL.removeLast() }
        if !WebURL.isAcceptable(baseURL) || baseURL.contains(where: { $0 == "?" || $0 == "#" }) {
            settings.refuse(
                .publicBaseURL,
                "must be an http(s) URL without user, query or fragment",
                from: settings.lastOrigin
            )
        }
        let origins = settings.list(.allowedOrigins, default: Self.defaultOrigins(baseURL))
        let isGiven = settings.lastOrigin != nil
        if isGiven, !AllowedOrigins.isAcceptable(origins) {
            settings.refuse(
                .allowedOrigins,
                "must hold origins like https://chat.example.com, or * alone",
                from: settings.lastOrigin
            )
        }
        self.init(
            port: port,
            tokens: tokens,
            publicBaseURL: baseURL,
            allowedOrigins: AllowedOrigins(origins)
        )
    }

    private static func defaultOrigins(_ baseURL: String) -> [String] {
        [AllowedOrigins.origin(of: baseURL) ?? baseURL]
    }
}

extension SettingsReader {
    mutating func checkPorts(public port: Int, administration: Int) {
        if port == administration, port != 0 {
            refuse("PORT and ADMIN_PORT are both \(port): they must differ")
        }
    }
}
