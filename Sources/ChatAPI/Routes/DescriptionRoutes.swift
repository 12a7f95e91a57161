internal import CDescriptions
internal import Hummingbird

/// Hands out the descriptions of the REST and the WebSocket API, for anybody.
struct DescriptionRoutes: Sendable {
    /// The file docs/openapi.yaml.
    private static let openAPI = Array(UnsafeBufferPointer(start: c_openapi_bytes(), count: c_openapi_length()))
    /// The file docs/asyncapi.yaml.
    private static let asyncAPI = Array(UnsafeBufferPointer(start: c_asyncapi_bytes(), count: c_asyncapi_length()))
    private static let headers: HTTPFields = [.cacheControl: "public, max-age=300"]

    func add(to table: RouteTable) {
        add(Self.openAPI, at: "/openapi.yaml", to: table)
        add(Self.asyncAPI, at: "/asyncapi.yaml", to: table)
    }

    private func add(_ file: [UInt8], at path: String, to table: RouteTable) {
        table.addOpen(.get, path) { request in
            Answer.entity(file, for: request.request, headers: Self.headers, contentType: "application/yaml")
        }
    }
}
