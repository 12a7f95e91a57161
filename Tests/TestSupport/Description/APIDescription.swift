import ChatCore

/// `docs/openapi.yaml`, which every answer in the tests is held against.
public struct APIDescription: Sendable {
    /// What the paths of the file come after.
    static let basePath = "/api/v1"

    public let file: DescriptionFile
    private let routes: [Route]

    private struct Route: Sendable {
        let segments: [Substring]
        let operations: JSONValue

        /// How many of the segments are literal; `nil` when the path is another one.
        func literalCount(in path: [Substring]) -> Int? {
            guard segments.count == path.count else { return nil }
            var count = 0
            for (segment, given) in zip(segments, path) where segment.first != "{" {
                guard segment == given else { return nil }
                count += 1
            }
            return count
        }
    }

    /// What the file says of an address and a method.
    enum Finding {
        /// The `responses` of the operation.
        case operation(responses: JSONValue)
        case noSuchMethod
        case noSuchPath
    }

    public static func shared() throws -> APIDescription { try loaded.get() }

    private static let loaded = Result { try APIDescription(file: DescriptionFile(named: "openapi.yaml")) }

    private init(file: DescriptionFile) throws {
        self.file = file
        guard let paths = file.document["paths"]?.objectValue else {
            throw TestSupportError("openapi.yaml has no paths")
        }
        routes = paths.map { Route(segments: $0.0.split(separator: "/"), operations: $0.1) }
    }

    /// - Parameter path: below ``basePath``, without a query.
    func find(_ method: String, _ path: some StringProtocol) -> Finding {
        let segments = path.split(separator: "/").map { Substring($0) }
        let matches = routes.compactMap { route in route.literalCount(in: segments).map { (count: $0, route: route) } }
        guard let route = matches.max(by: { $0.count < $1.count })?.route else { return .noSuchPath }
        // `HEAD` works wherever `GET` does.
        let name = method == "HEAD" ? "get" : method.lowercased()
        guard let responses = route.operations[name]?["responses"] else { return .noSuchMethod }
        return .operation(responses: responses)
    }

    /// Every operation, like `GET /sessions/{id}`.
    public var operations: Set<String> {
        var names: Set<String> = []
        for (path, operations) in file.document["paths"]?.objectValue ?? [:] {
            for (method, _) in operations.objectValue ?? [:] { names.insert("\(method.uppercased()) \(path)") }
        }
        return names
    }
}
