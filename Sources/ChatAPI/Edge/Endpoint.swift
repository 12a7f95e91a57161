internal import ChatCore
internal import Hummingbird

/// One method on one route: authenticates, answers, renders errors, counts and logs.
///
/// The edge stands here, around each handler, rather than in a chain of middleware: a request passes one responder.
struct Endpoint: HTTPResponder {
    typealias Context = BasicRequestContext
    typealias Handler = @Sendable (APIRequest) async throws -> Response

    let edge: Edge
    let access: Edge.Access
    let metrics: RouteMetrics
    /// Whether the operation has query parameters; its handler reads them.
    let takesQuery: Bool
    let handle: Handler

    /// - Throws: what broke while the body was read, so that the connection is closed; nothing else.
    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        let exchange = Exchange(trace: edge.trace(of: request), metrics: metrics)
        var client: ClientID?
        var response: Response
        do {
            let caller = try await edge.authenticate(request, for: access)
            client = caller.clientID
            if !takesQuery, let query = request.uri.query {
                var reader = QueryReader(query)
                try reader.finish()
            }
            response = try await handle(
                APIRequest(
                    request: request,
                    parameters: context.parameters,
                    caller: caller,
                    trace: exchange.trace,
                    maximumBodyBytes: edge.maximumBodyBytes
                )
            )
        } catch let broken as BrokenBody {
            throw broken.underlyingError
        } catch {
            response = edge.answer(to: error, of: request, exchange: exchange)
        }
        edge.finish(&response, to: request, exchange: exchange, client: client)
        return request.method == .head ? response.createHeadResponse() : response
    }
}
