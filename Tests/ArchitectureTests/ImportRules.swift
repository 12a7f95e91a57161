/// Who may import whom. Adapters never import each other; only executables join rooms.
enum ImportRules {
    /// The toolchain's own modules; ChatCore takes fewer.
    static let toolchain: Set<String> = [
        "Darwin", "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Synchronization",
    ]
    static let collections: Set<String> = ["DequeModule", "OrderedCollections"]
    /// Allowed everywhere but in ChatCore.
    static let everywhere: Set<String> = toolchain.union(collections).union(["CoreMetrics", "Logging", "Metrics"])

    private static let nio: Set<String> = ["NIOConcurrencyHelpers", "NIOCore", "NIOPosix"]
    /// What Hummingbird's own interface is made of comes with it.
    private static let hummingbird: Set<String> = [
        "HTTPTypes", "Hummingbird", "HummingbirdCore", "NIOCore", "NIOHTTPTypes",
    ]
    private static let lifecycle: Set<String> = ["ServiceLifecycle", "UnixSignals"]

    private static let rooms: Set<String> = [
        "ChatAPI", "ChatBackends", "ChatBus", "ChatCore", "ChatGateway", "ChatRelay", "ChatRuntime", "ChatStorage",
    ]
    /// The event loops that several rooms share are made where they are joined.
    private static let executable: Set<String> = rooms.union(lifecycle).union(nio).union(["ArgumentParser"])

    private static let table: [String: Set<String>] = [
        "ChatStorage": Set(["ChatCore", "CLibPQ"]).union(lifecycle),
        "ChatBus": Set(["ChatCore", "CHiredis", "NIOSSL"]).union(nio).union(lifecycle),
        "ChatBackends": ["ChatCore", "AsyncHTTPClient", "Crypto", "NIOCore", "NIOHTTP1", "NIOHTTP2", "NIOSSL"],
        "ChatRuntime": Set(["ChatCore", "Configuration", "JWTKit"]).union(hummingbird).union(lifecycle),
        "ChatAPI": Set([
            "AsyncHTTPClient", "CDescriptions", "ChatCore", "ChatRuntime", "Crypto", "NIOEmbedded", "NIOHTTP1",
            "NIOHTTPCompression", "NIOPosix",
        ]).union(hummingbird),
        "ChatGateway": Set(["ChatCore", "ChatRuntime", "NIOHTTP1", "NIOWebSocket"]).union(nio).union(lifecycle),
        "ChatRelay": Set(["ChatCore", "ChatRuntime"]).union(lifecycle),
        "APIServer": executable,
        "GatewayServer": executable,
        "BusServer": executable,
        "BackendCheck": ["ArgumentParser", "AsyncHTTPClient", "ChatBackends", "ChatCore", "NIOCore", "NIOHTTP1"],
        // An example knows the engine only by its contract.
        "EchoBackend": Set(["ArgumentParser"]).union(hummingbird).union(lifecycle),
        "MinimalBackend": hummingbird,
        "OpenAIBridge": Set(["ArgumentParser", "AsyncHTTPClient", "Crypto", "NIOHTTP1"]).union(hummingbird)
            .union(lifecycle),
        "CLibPQ": [],
        "CHiredis": [],
        "CDescriptions": [],
    ]

    /// Everything a room may import; nil for a room that is not in the table.
    static func allowed(in room: String) -> Set<String>? {
        if room == "ChatCore" {
            return collections.union(["Darwin", "FoundationEssentials", "Glibc", "Synchronization"])
        }
        return table[room].map { $0.union(everywhere) }
    }

    static func violations(in file: SourceFile) -> [Violation] {
        guard let allowed = allowed(in: file.room) else {
            return [Violation(path: file.path, line: 1, rule: "room '\(file.room)' is not in the import table")]
        }
        return imports(of: file).filter { !allowed.contains($0.module) }.map { found in
            Violation(path: file.path, line: found.line, rule: "\(file.room) must not import \(found.module)")
        }
    }

    static func imports(of file: SourceFile) -> [(module: String, line: Int)] {
        // Attributes, access level, `import`, kind of a scoped import, module.
        let pattern =
            /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|actor|protocol|typealias|func|let|var)\s+)?(\w+)/
        return file.codeLines(mentioning: "import").flatMap { index, line in
            line.split(separator: ";").compactMap { statement in
                statement.firstMatch(of: pattern).map { (module: String($0.1), line: index + 1) }
            }
        }
    }
}
