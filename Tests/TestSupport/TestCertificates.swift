/// A certificate authority of a test's own, and a server certificate for `localhost` and 127.0.0.1 signed by it.
public struct TestCertificates: Sendable {
    /// A certificate and its key, in PEM files.
    public struct Pair: Sendable {
        public let certificatePath: String
        public let keyPath: String
    }

    public let authorityPath: String
    public var certificatePath: String { server.certificatePath }
    public var keyPath: String { server.keyPath }
    public let server: Pair
    private let directory: TemporaryDirectory

    private static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    /// Makes both by `openssl`.
    public static func make() async throws -> TestCertificates {
        let directory = try TemporaryDirectory(prefix: "certificates")
        try await ChildProcess.check(
            "openssl",
            ["req", "-x509", "-days", "2"] + newKey + [
                "-subj", "/CN=Test authority", "-addext", "basicConstraints=critical,CA:TRUE",
                "-keyout", directory.file("authority.key"), "-out", directory.file("authority.pem"),
            ]
        )
        return TestCertificates(
            authorityPath: directory.file("authority.pem"),
            server: try await issue("server", names: "DNS:localhost,IP:127.0.0.1", days: 2, in: directory),
            directory: directory
        )
    }

    /// One more certificate signed by the authority, for another host or one whose time is over.
    public func issue(for host: String, isExpired: Bool = false) async throws -> Pair {
        let name = "\(host)-\(isExpired ? "expired" : "valid")"
        return try await Self.issue(name, names: "DNS:\(host)", days: isExpired ? -1 : 2, in: directory)
    }

    public func remove() {
        directory.remove()
    }

    private static func issue(
        _ file: String,
        names: String,
        days: Int,
        in directory: TemporaryDirectory
    ) async throws -> Pair {
        let pair = Pair(certificatePath: directory.file("\(file).pem"), keyPath: directory.file("\(file).key"))
        let request = directory.file("\(file).csr")
        try await ChildProcess.check(
            "openssl",
            ["req", "-new"] + newKey + [
                "-subj", "/CN=\(file)", "-addext", "subjectAltName=\(names)",
                "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", pair.keyPath, "-out", request,
            ]
        )
        try await ChildProcess.check(
            "openssl",
            [
                "x509", "-req", "-in", request, "-copy_extensions", "copyall", "-days", "\(days)",
                "-CA", directory.file("authority.pem"), "-CAkey", directory.file("authority.key"), "-CAcreateserial",
                "-out", pair.certificatePath,
            ]
        )
        return pair
    }
}
