import Testing

/// The rules, held against this package as it is.
@Suite struct ArchitectureTests {
    @Test func everyRoomImportsOnlyWhatItMay() throws {
        let files = try Checkout.swiftFiles(in: "Sources") + Checkout.swiftFiles(in: "Examples")
        #expect(files.contains { $0.room == "ChatCore" })
        #expect(files.flatMap(ImportRules.violations) == [])
    }

    @Test func theManifestGivesEveryTargetOnlyWhatItMayImport() throws {
        let manifest = try Checkout.manifest()
        let libraries = ["CLibPQ", "CHiredis"]
        let rooms = try Checkout.rooms(in: "Sources").filter { !libraries.contains($0) }
        let examples = Set(try Checkout.swiftFiles(in: "Examples").map(\.room))
        #expect(ManifestRules.targets(in: manifest).map(\.name).sorted() == (rooms + examples).sorted())
        #expect(ManifestRules.violations(in: manifest) == [])
    }

    @Test(arguments: ["Sources", "Examples", "Tests"])
    func everyFileKeepsTheRules(directory: String) throws {
        let files = try Checkout.swiftFiles(in: directory)
        #expect(!files.isEmpty)
        #expect(files.flatMap(SourceRules.violations) == [])
    }
}
