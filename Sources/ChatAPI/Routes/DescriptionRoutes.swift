internal import COpenAPI
internal import Hummingbird

/// Hands out the description of the API, for anybody.
struct DescriptionRoutes: Sendable {
    /// The file docs/openapi.yaml.
    private static let bytes = Array(UnsafeBufferPointer(start: c_openapi_bytes(), count: c_openapi_length()))
    private static let headers: HTTPFields = [.cacheControl: "public, max-age=300"]

    func add(to table: RouteTable) {
        table.addOpen(.get, "/openapi.yaml") { request in
            Answer.entity(
                Self.bytes,
                for: request.request,
                headers: Self.headers,
                contentType: "application/yaml"
            )
        }
    }
}
