import Testing

@Suite struct ManifestRulesTests {
    private let manifest = """
        let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
        let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
        targets: [
            .systemLibrary(name: "CLibPQ", pkgConfig: "libpq"),
            .target(name: "ChatCore", dependencies: [nioCore], swiftSettings: swiftSettings),
            .target(
                name: "ChatStorage",
                dependencies: [
                    "ChatCore", "ChatBus",
                    logging,
                ],
                swiftSettings: swiftSettings
            ),
            .target(name: "ChatOdd"),
            .target(name: "TestSupport", dependencies: [nioCore]),
            .executableTarget(name: "APIServer", dependencies: ["ChatCore", unbound]),
            .testTarget(name: "ChatCoreTests", dependencies: [nioCore]),
        ]
        """

    @Test func targetsAndTheirDependenciesAreRead() {
        #expect(
            ManifestRules.targets(in: manifest) == [
                .init(name: "ChatCore", dependencies: ["NIOCore"]),
                .init(name: "ChatStorage", dependencies: ["ChatCore", "ChatBus", "Logging"]),
                .init(name: "ChatOdd", dependencies: []),
                .init(name: "APIServer", dependencies: ["ChatCore", "unbound"]),
            ]
        )
    }

    @Test func whatTheTableDoesNotAllowIsRefused() {
        #expect(
            ManifestRules.violations(in: manifest).map(\.rule) == [
                "ChatCore must not depend on NIOCore",
                "ChatStorage must not depend on ChatBus",
                "target 'ChatOdd' is not in the import table",
                "APIServer must not depend on unbound",
            ]
        )
    }
}
