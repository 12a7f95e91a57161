internal import ChatCore
internal import Hummingbird

/// One method on one route: authenticates, answers, renders errors, counts and logs.
///
/// The edge stands here, around each handler, rather than in a chain of middleware: a request passes one responder.
struct Endpoint: HTTPResponder {
    typealias Context = APIContext
    typealias Handler = @Sendable (APIRequest) async throws -> Response
    typealias OpenHandler = @Sendable (OpenRequest) async throws -> Response

    /// What the endpoint does, and for whom.
    enum Operation: Sendable {
        /// For callers with a token.
        case authenticated(Edge.Access, Handler)
        /// For anybody: a token is neither needed nor looked at.
        case open(OpenHandler)
    }

    let edge: Edge
    let metrics: RouteMetrics
    /// Whether the operation has query parameters; its handler reads them.
    let takesQuery: Bool
    let operation: Operation

    /// - Throws: what broke while the body was read, so that the connection is closed; nothing else.
    func respond(to request: Request, context: APIContext) async throws -> Response {
        let exchange = Exchange(trace: edge.trace(of: request), metrics: metrics)
        var client: ClientID?
        var response: Response
        do {
            switch operation {
            case .authenticated(let access, let handle):
                let caller = try await edge.authenticate(request, for: access)
                client = caller.clientID
                try refuseStrayQuery(request)
                let whole = APIRequest(
                    request: request,
                    parameters: context.parameters,
                    caller: caller,
                    trace: exchange.trace,
                    maximumBodyBytes: edge.maximumBodyBytes,
                    channel: context.channel
                )
                response =
                    request.method == .post
                    ? try await respondOnce(to: whole, exchange: exchange, handle)
                    : try await handle(whole)
            case .open(let handle):
                try refuseStrayQuery(request)
                response = try await handle(OpenRequest(request: request, parameters: context.parameters))
            }
            try await Compression.apply(to: &response, of: request)
        } catch let broken as BrokenBody {
            throw broken.underlyingError
        } catch {
            response = edge.answer(to: error, of: request, exchange: exchange)
        }
        edge.finish(&response, to: request, exchange: exchange, client: client)
        return request.method == .head ? response.createHeadResponse() : response
    }

    /// Answers a request with an `Idempotency-Key` as it was answered first, errors included.
    private func respondOnce(
        to request: APIRequest,
        exchange: Exchange,
        _ handle: Handler
    ) async throws -> Response {
        try await edge.repetitions.respond(to: request) { request in
            do {
                return try await handle(request)
            } catch let error where !(error is BrokenBody) {
                return edge.answer(to: error, of: request.request, exchange: exchange)
            }
        }
    }

    private func refuseStrayQuery(_ request: Request) throws(ChatError) {
        guard !takesQuery, let query = request.uri.query else { return }
        var reader = QueryReader(query)
        try reader.finish()
    }
}
