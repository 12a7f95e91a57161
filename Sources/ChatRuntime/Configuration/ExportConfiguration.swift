internal import ChatCore

/// Where exports are written.
public struct ExportConfiguration: Sendable {
    public enum Store: Sendable {
        /// A directory, which all nodes share.
        case directory(String)
        case s3(S3Configuration)
    }

    /// Shortest signing key accepted: as long as the hash it is used with.
    public static let minimumSigningKeyBytes = 32

    public var store: Store
    /// Signs the links to files in a directory; one is derived from the tokens' secret when it is `nil`.
    public var signingKey: Secret?

    public init(store: Store, signingKey: Secret? = nil) {
        self.store = store
        self.signingKey = signingKey
    }

    init(reading settings: inout SettingsReader) {
        var dataDirectory = settings.text(.dataDirectory) ?? ""
        if !dataDirectory.hasPrefix("/") {
            settings.refuse(.dataDirectory, "must be an absolute path", from: settings.lastOrigin)
            dataDirectory = "/"
        }
        let address = settings.text(.exportStore, default: "file:\(dataDirectory)/exports") ?? ""
        let origin = settings.lastOrigin
        let signingKey = settings.text(.exportSigningKey)
        if let length = signingKey?.utf8.count, length < Self.minimumSigningKeyBytes {
            settings.refuse(
                "EXPORT_SIGNING_KEY is \(length) bytes long: at least \(Self.minimumSigningKeyBytes) are needed"
            )
        }
        let s3 = S3Configuration(reading: &settings, address: address)
        if let path = Self.directory(address) {
            store = .directory(path)
        } else if let s3 {
            store = .s3(s3)
        } else {
            store = .directory("")
            settings.refuse(
                .exportStore,
                "must be file: and an absolute path, or s3://bucket/prefix",
                from: origin
            )
        }
        self.signingKey = signingKey.map { Secret($0) }
    }

    /// `file:/path` and `file:///path` (RFC 8089).
    private static func directory(_ address: String) -> String? {
        guard address.hasPrefix("file:") else { return nil }
        var path = address.dropFirst(5)
        if path.hasPrefix("//") { path = path.dropFirst(2) }
        guard path.hasPrefix("/"), !path.contains("\0") else { return nil }
        return String(path)
    }
}

/// A bucket and who writes to it.
public struct S3Configuration: Sendable {
    public var bucket: String
    /// What the keys begin with; empty, or without a slash at either end.
    public var prefix: String
    /// Where the service is, without a slash at its end; Amazon's own in ``region`` when `nil`.
    public var endpoint: String?
    public var region: String
    public var accessKeyID: String
    public var secretAccessKey: Secret
    /// Comes with temporary keys.
    public var sessionToken: Secret?

    public init(
        bucket: String,
        prefix: String = "",
        endpoint: String? = nil,
        region: String = "us-east-1",
        accessKeyID: String,
        secretAccessKey: Secret,
        sessionToken: Secret? = nil
    ) {
        self.bucket = bucket
        self.prefix = prefix
        self.endpoint = endpoint
        self.region = region
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }

    /// `nil` when the address is not `s3://bucket` or `s3://bucket/prefix`.
    init?(reading settings: inout SettingsReader, address: String) {
        var endpoint = settings.text(.s3Endpoint)
        if endpoint?.hasSuffix("/") == true { endpoint?.removeLast() }
        if let endpoint, !Self.isOrigin(endpoint) {
            settings.refuse(.s3Endpoint, "must be an http(s) URL without a path", from: settings.lastOrigin)
        }
        let region = settings.text(.s3Region) ?? ""
        let accessKeyID = settings.text(.awsAccessKeyID)
        let secretAccessKey = settings.text(.awsSecretAccessKey)
        let sessionToken = settings.text(.awsSessionToken)
        guard address.hasPrefix("s3://") else { return nil }
        let parts = address.dropFirst(5).split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bucket = parts.first, Self.isBucket(bucket) else { return nil }
        let prefix = (parts.count > 1 ? parts[1] : "").split(separator: "/").joined(separator: "/")
        guard prefix.utf8.count <= 512, prefix.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        for (setting, value) in [
            (Setting.awsAccessKeyID, accessKeyID), (.awsSecretAccessKey, secretAccessKey),
        ] where value == nil {
            settings.refuse("\(setting.name) is missing: EXPORT_STORE is in S3")
        }
        self.init(
            bucket: String(bucket),
            prefix: prefix,
            endpoint: endpoint,
            region: region,
            accessKeyID: accessKeyID ?? "",
            secretAccessKey: Secret(secretAccessKey ?? ""),
            sessionToken: sessionToken.map { Secret($0) }
        )
    }

    /// The rules of Amazon's names: 3…63 lower-case letters, digits, dots and dashes.
    private static func isBucket(_ name: Substring) -> Bool {
        (3...63).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x2E
            }
    }

    private static func isOrigin(_ url: String) -> Bool {
        guard WebURL.isAcceptable(url), let scheme = url.firstRange(of: "://") else { return false }
        return !url[scheme.upperBound...].contains { $0 == "/" || $0 == "?" || $0 == "#" }
    }
}
