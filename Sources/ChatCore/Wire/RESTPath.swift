/// Where the REST API is.
public enum RESTPath {
    /// What all its paths begin with.
    public static let base = "/api/v1"
}
