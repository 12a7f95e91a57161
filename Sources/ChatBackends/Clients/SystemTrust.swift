internal import NIOSSL

/// The certificate authorities that the system trusts.
enum SystemTrust {
    /// Read once for all clients, as each would hold a megabyte of its own otherwise.
    static let roots: NIOSSLTrustRoots = {
        #if os(Linux)
        for path in bundles {
            if let certificates = try? NIOSSLCertificate.fromPEMFile(path), !certificates.isEmpty {
                return .certificates(certificates)
            }
        }
        #endif
        return .default
    }()

    /// Where Linux distributions keep them all in one file.
    private static let bundles = [
        "/etc/ssl/certs/ca-certificates.crt",  // Debian, Ubuntu, Arch, Alpine
        "/etc/pki/tls/certs/ca-bundle.crt",  // Fedora, Red Hat
    ]
}
