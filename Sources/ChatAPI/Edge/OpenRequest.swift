internal import Hummingbird

/// A request to an operation that needs no token: nobody is known to ask.
struct OpenRequest: Sendable {
    let request: Request
    /// What the path's placeholders stand for.
    let parameters: Parameters

    /// The query's parameters, to be read one by one.
    func query() -> QueryReader { QueryReader(request.uri.query ?? "") }
}
