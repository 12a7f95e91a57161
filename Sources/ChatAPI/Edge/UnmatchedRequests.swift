internal import ChatCore
internal import Hummingbird

/// Answers what no endpoint takes: `OPTIONS`, a method that a path does not have, and paths that do not exist.
struct UnmatchedRequests: RouterMiddleware {
    typealias Context = APIContext

    struct Route: Sendable {
        let pattern: String
        /// The value of `Allow`.
        let methods: String
        private let components: [Substring]
        fileprivate let metrics: [HTTPRequest.Method: RouteMetrics]
        fileprivate let otherMetrics: RouteMetrics

        init(pattern: String, methods: [HTTPRequest.Method], edge: Edge) {
            self.pattern = pattern
            self.methods = methods.map(\.rawValue).joined(separator: ", ")
            components = pattern.split(separator: "/")
            metrics = Dictionary(
                uniqueKeysWithValues: UnmatchedRequests.namedMethods.map {
                    ($0, edge.metrics(of: $0.rawValue, on: pattern))
                }
            )
            // Any word can be a method, and a label must not take any value.
            otherMetrics = edge.metrics(of: "OTHER", on: pattern)
        }

        func matches(_ path: [Substring]) -> Bool {
            components.count == path.count
                && zip(components, path).allSatisfy { $0.first == "{" || $0 == $1 }
        }
    }

    private static let namedMethods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]

    private let edge: Edge
    private let routes: [Route]
    private let unknown: Route

    init(edge: Edge, routes: [Route]) {
        self.edge = edge
        self.routes = routes
        unknown = Route(pattern: RouteMetrics.unmatchedRoute, methods: [], edge: edge)
    }

    func handle(
        _ request: Request,
        context: APIContext,
        next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let path = request.uri.path.split(separator: "/")
        let route = routes.first { $0.matches(path) }
        let metrics = (route ?? unknown).metrics[request.method] ?? (route ?? unknown).otherMetrics
        let exchange = Exchange(trace: edge.trace(of: request), metrics: metrics)
        var response: Response
        if let route, request.method == .options {
            response = edge.preflight(request, methods: route.methods)
        } else if let route {
            let error = ChatError(.methodNotAllowed, "The address does not have this method.")
            response = edge.answer(to: error, of: request, exchange: exchange)
            response.headers.append(HTTPHeader(name: .allow, value: route.methods))
        } else {
            let error = ChatError(.notFound, "There is nothing at this address.")
            response = edge.answer(to: error, of: request, exchange: exchange)
        }
        edge.finish(&response, to: request, exchange: exchange, client: nil)
        return request.method == .head ? response.createHeadResponse() : response
    }
}
