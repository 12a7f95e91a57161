public import ChatRuntime

/// How the REST nodes listen, and what they accept.
public struct RESTSettings: Sendable {
    public var host: String
    /// 0 takes any free port.
    public var port: Int
    /// Largest request body.
    public var maximumBodyBytes: Int
    /// Where clients reach the engine, without a slash at its end: what the URLs it gives out begin with.
    public var publicBaseURL: String
    /// The origins of web pages that may call.
    public var allowedOrigins: AllowedOrigins

    public init(
        host: String = "127.0.0.1",
        port: Int,
        maximumBodyBytes: Int = 1_048_576,
        publicBaseURL: String = "http://127.0.0.1:8080",
        allowedOrigins: AllowedOrigins = .any
    ) {
        self.host = host
        self.port = port
        self.maximumBodyBytes = maximumBodyBytes
        self.publicBaseURL = publicBaseURL
        self.allowedOrigins = allowedOrigins
    }

    public init(_ configuration: APIConfiguration) {
        self.init(
            host: configuration.runtime.host,
            port: configuration.listener.port,
            maximumBodyBytes: configuration.maximumBodyBytes,
            publicBaseURL: configuration.listener.publicBaseURL,
            allowedOrigins: configuration.listener.allowedOrigins
        )
    }
}
