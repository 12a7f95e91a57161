import Testing

@Suite struct ImportRulesTests {
    private func modules(_ text: String, room: String = "ChatCore") -> [String] {
        ImportRules.imports(of: SourceFile(path: "Sources/\(room)/File.swift", text: text)).map(\.module)
    }

    private func refused(_ text: String, in room: String) -> [String] {
        ImportRules.violations(in: SourceFile(path: "Sources/\(room)/File.swift", text: text)).map(\.rule)
    }

    @Test func everyFormOfImportIsSeen() {
        let text = """
            import A
            public import B
            @testable import C
            @_spi(Testing) internal import D
            import struct E.Inner
              private import F // import Z
            import G; import H
            #if canImport(I)
            package import I
            #endif
            """
        #expect(modules(text) == ["A", "B", "C", "D", "E", "F", "G", "H", "I"])
    }

    @Test func importsInCommentsAndStringsAreNotImports() {
        let text = #"""
            // import A
            /* import B
            import C /* import D */
            import E */
            let text = "\("import F")"
            let long = """
                import G
                """
            let importance = 1
            """#
        #expect(modules(text) == [])
    }

    @Test func theLineIsTold() {
        let file = SourceFile(path: "Sources/ChatCore/File.swift", text: "/*\n*/\nimport NIOCore\n")
        #expect(
            ImportRules.violations(in: file).map(\.description)
                == ["Sources/ChatCore/File.swift:3: ChatCore must not import NIOCore"]
        )
    }

    @Test(arguments: [
        ("ChatCore", "Foundation"), ("ChatCore", "Logging"), ("ChatCore", "ChatRuntime"), ("ChatCore", "NIOCore"),
        ("ChatStorage", "ChatBus"), ("ChatStorage", "NIOCore"), ("ChatStorage", "CHiredis"),
        ("ChatBus", "ChatStorage"), ("ChatBus", "CLibPQ"), ("ChatBackends", "ChatRuntime"),
        ("ChatRuntime", "ArgumentParser"), ("ChatAPI", "ChatStorage"), ("ChatAPI", "ChatBackends"),
        ("ChatGateway", "ChatBackends"), ("ChatGateway", "Hummingbird"), ("ChatRelay", "ChatGateway"),
        ("EchoBackend", "ChatCore"), ("APIServer", "CLibPQ"),
    ])
    func aForbiddenImportIsRefused(room: String, module: String) {
        #expect(refused("public import \(module)", in: room) == ["\(room) must not import \(module)"])
    }

    @Test(arguments: [
        ("ChatCore", "OrderedCollections"), ("ChatStorage", "CLibPQ"), ("ChatBus", "NIOSSL"),
        ("ChatBackends", "NIOHTTP1"), ("ChatRuntime", "JWTKit"), ("ChatAPI", "Hummingbird"),
        ("ChatGateway", "NIOWebSocket"), ("ChatRelay", "Logging"), ("BusServer", "ChatRelay"),
    ])
    func anAllowedImportPasses(room: String, module: String) {
        #expect(refused("import \(module)", in: room) == [])
    }

    @Test func aRoomOutsideTheTableIsRefused() {
        #expect(refused("", in: "ChatHelpers") == ["room 'ChatHelpers' is not in the import table"])
    }
}
