internal import ChatCore

extension Setting {
    static let dataDirectory = Setting(
        "DATA_DIR",
        .text,
        .value("/var/lib/chat-engine"),
        [.api, .gateway],
        "Directory for what a node keeps in files, which is exports alone; made when it is missing."
    )
    static let exportStore = Setting(
        "EXPORT_STORE",
        .text,
        .computed("`file:` and `exports` in `DATA_DIR`"),
        [.api, .gateway],
        "Where exports are kept: `file:/path`, a directory that all nodes share, or `s3://bucket/prefix`. Gateways export "
            + "in phases 1…3 of `MIGRATION_PHASE` alone."
    )
    static let exportSigningKey = Setting(
        "EXPORT_SIGNING_KEY",
        .text,
        .computed("derived from the key of the tokens"),
        [.api, .gateway],
        secrecy: .secret,
        "Signs the links to exports in a directory, at least 32 bytes; the same for all nodes."
    )
    static let s3Endpoint = Setting(
        "S3_ENDPOINT",
        .text,
        .computed("Amazon's in `S3_REGION`"),
        [.api, .gateway],
        "Address of another S3-compatible service, as nodes and clients both reach it; its buckets are paths."
    )
    static let s3Region = Setting("S3_REGION", .text, .value("us-east-1"), [.api, .gateway], "Region of the bucket.")
    static let awsAccessKeyID = Setting(
        "AWS_ACCESS_KEY_ID",
        .text,
        .absent,
        [.api, .gateway],
        "Key for `s3://`, which may put and get objects under the prefix and abort uploads; required there."
    )
    static let awsSecretAccessKey = Setting(
        "AWS_SECRET_ACCESS_KEY",
        .text,
        .absent,
        [.api, .gateway],
        secrecy: .secret,
        "The key's secret; required with `s3://`."
    )
    static let awsSessionToken = Setting(
        "AWS_SESSION_TOKEN",
        .text,
        .absent,
        [.api, .gateway],
        secrecy: .secret,
        "Goes with temporary keys. Links to exports end with them."
    )
}
