internal import ChatCore
internal import Hummingbird

/// Gathers the operations of the API and makes the router that finds them.
final class RouteTable {
    /// What the API's paths begin with.
    static let basePath = RESTPath.base

    private let edge: Edge
    private let router = Router(context: APIContext.self)
    private var methods: [String: [HTTPRequest.Method]] = [:]

    init(edge: Edge) {
        self.edge = edge
    }

    /// Adds an operation; `path` comes after ``basePath`` and may have placeholders like `{id}`. `HEAD` comes with `GET`.
    func add(
        _ method: HTTPRequest.Method,
        _ path: String,
        for access: Edge.Access = .client,
        takesQuery: Bool = false,
        handle: @escaping Endpoint.Handler
    ) {
        add(method, path, takesQuery: takesQuery, .authenticated(access, handle))
    }

    /// Adds an operation that needs no token.
    func addOpen(
        _ method: HTTPRequest.Method,
        _ path: String,
        takesQuery: Bool = false,
        handle: @escaping Endpoint.OpenHandler
    ) {
        add(method, path, takesQuery: takesQuery, .open(handle))
    }

    private func add(
        _ method: HTTPRequest.Method,
        _ path: String,
        takesQuery: Bool,
        _ operation: Endpoint.Operation
    ) {
        let route = Self.basePath + path
        for method in method == .get ? [.get, .head] : [method] {
            let endpoint = Endpoint(
                edge: edge,
                metrics: edge.metrics(of: method.rawValue, on: route),
                takesQuery: takesQuery,
                operation: operation
            )
            router.on(RouterPath(route), method: method, responder: endpoint)
            methods[route, default: []].append(method)
        }
    }

    /// The router of everything added, and of the answers to what matches none of it.
    func makeRouter() -> Router<APIContext> {
        let routes = methods.map { route, methods in
            UnmatchedRequests.Route(pattern: route, methods: methods + [.options], edge: edge)
        }
        // A middleware reaches what is added after it: here, the responder to requests without a route alone.
        router.add(middleware: UnmatchedRequests(edge: edge, routes: routes))
        return router
    }
}
