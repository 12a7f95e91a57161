/// The release this program was built from.
public enum Version {
    /// Semantic version, as `--version` prints it and `connection.ready` tells it.
    public static let current = "0.1.0"
}
