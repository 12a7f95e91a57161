import NIOSSL

extension RedisConfiguration {
    /// Reads `redis://`, `rediss://` (TLS, the server's name is verified) and `unix://` addresses.
    ///
    /// Parameters: `db` instead of a path, and for `rediss://` the PEM files `ssl_ca_certs` (instead of the system's
    /// roots), `ssl_certfile` and `ssl_keyfile` (to authenticate to the server). The files are read here.
    ///
    /// - Throws: ``RedisConfigurationError``, which names the part that is wrong and never holds a value.
    public init(url text: String) throws(RedisConfigurationError) {
        let url = try RedisURL(text)
        self.init(
            address: url.scheme == .unix ? .unix(path: url.path) : .tcp(host: url.host, port: url.port),
            username: url.username,
            password: url.password,
            database: url.database
        )
        var parameters = url.parameters
        if url.scheme == .rediss {
            self.tlsContext = try Self.tlsContext(from: &parameters)
        }
        guard parameters.isEmpty else {
            throw RedisConfigurationError(
                .parameter,
                "an unknown parameter (known are db and, with rediss://, ssl_ca_certs, ssl_certfile and ssl_keyfile)"
            )
        }
    }

    private static func tlsContext(
        from parameters: inout [String: String]
    ) throws(RedisConfigurationError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let path = parameters.removeValue(forKey: "ssl_ca_certs") {
            configuration.trustRoots = .certificates(try certificates(at: path, parameter: "ssl_ca_certs"))
        }
        switch (parameters.removeValue(forKey: "ssl_certfile"), parameters.removeValue(forKey: "ssl_keyfile")) {
        case (nil, nil):
            break
        case (let certificatePath?, let keyPath?):
            configuration.certificateChain = try certificates(at: certificatePath, parameter: "ssl_certfile")
                .map { .certificate($0) }
            do {
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: keyPath, format: .pem))
            } catch {
                throw RedisConfigurationError(.certificate, "ssl_keyfile names no readable PEM key")
            }
        default:
            throw RedisConfigurationError(.certificate, "ssl_certfile and ssl_keyfile must be given together")
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw RedisConfigurationError(.certificate, "certificate and key cannot be used together: \(error)")
        }
    }

    private static func certificates(
        at path: String,
        parameter: String
    ) throws(RedisConfigurationError) -> [NIOSSLCertificate] {
        do {
            return try NIOSSLCertificate.fromPEMFile(path)
        } catch {
            throw RedisConfigurationError(.certificate, "\(parameter) names no readable PEM file of certificates")
        }
    }
}
