/// A certificate authority of a test's own, and a server certificate for `localhost` and 127.0.0.1 signed by it.
public struct TestCertificates: Sendable {
    public let authorityPath: String
    public let certificatePath: String
    public let keyPath: String
    private let directory: TemporaryDirectory

    /// Makes both by `openssl`.
    public static func make() async throws -> TestCertificates {
        let directory = try TemporaryDirectory(prefix: "certificates")
        let certificates = TestCertificates(
            authorityPath: directory.file("authority.pem"),
            certificatePath: directory.file("server.pem"),
            keyPath: directory.file("server.key"),
            directory: directory
        )
        let newKey = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        try await ChildProcess.check(
            "openssl",
            newKey + [
                "-x509", "-subj", "/CN=Test authority", "-addext", "basicConstraints=critical,CA:TRUE",
                "-keyout", directory.file("authority.key"), "-out", certificates.authorityPath,
            ]
        )
        try await ChildProcess.check(
            "openssl",
            newKey + [
                "-x509", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                "-addext", "basicConstraints=critical,CA:FALSE",
                "-CA", certificates.authorityPath, "-CAkey", directory.file("authority.key"),
                "-keyout", certificates.keyPath, "-out", certificates.certificatePath,
            ]
        )
        return certificates
    }

    public func remove() {
        directory.remove()
    }
}
