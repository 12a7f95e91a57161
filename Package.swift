// swift-tools-version: 6.2

import PackageDescription

// Warnings fail `make lint`, `make test` and CI, but not a plain build: a newer compiler or dependency may bring new ones.
let strictSettings: [SwiftSetting] =
    Context.environment["CHAT_ENGINE_STRICT"] == "1" ? [.treatAllWarnings(as: .error)] : []

let swiftSettings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + strictSettings

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let jwtKit = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let metricsTestKit = Target.Dependency.product(name: "MetricsTestKit", package: "swift-metrics")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTPCompression = Target.Dependency.product(name: "NIOHTTPCompression", package: "swift-nio-extras")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTP2 = Target.Dependency.product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioWebSocket = Target.Dependency.product(name: "NIOWebSocket", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let orderedCollections = Target.Dependency.product(name: "OrderedCollections", package: "swift-collections")
let dequeModule = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "yams")

let package = Package(
    name: "chat-engine",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "chat-engine-api", targets: ["APIServer"]),
        .executable(name: "chat-engine-gateway", targets: ["GatewayServer"]),
        .executable(name: "chat-engine-bus", targets: ["BusServer"]),
        .executable(name: "chat-engine-backend-check", targets: ["BackendCheck"]),
        .executable(name: "echo-backend", targets: ["EchoBackend"]),
        .executable(name: "minimal-backend", targets: ["MinimalBackend"]),
        .executable(name: "openai-bridge", targets: ["OpenAIBridge"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.3.0"),
        .package(
            url: "https://github.com/apple/swift-configuration",
            from: "1.4.0",
            traits: [.defaults, "YAML", "CommandLineArguments"]
        ),
        .package(url: "https://github.com/apple/swift-crypto", "3.12.0"..<"5.0.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.5.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.86.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.24.0"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.38.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.20.0"),
        .package(url: "https://github.com/jpsim/yams", from: "6.0.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.30.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.3.0"),
    ],
    targets: [
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),
        .systemLibrary(
            name: "CHiredis",
            pkgConfig: "hiredis",
            providers: [.apt(["libhiredis-dev"]), .brew(["hiredis"])]
        ),
        // The files that describe the APIs, in the program itself.
        .target(name: "CDescriptions", exclude: ["asyncapi.yaml", "openapi.yaml"]),
        .target(name: "ChatCore", dependencies: [orderedCollections, dequeModule], swiftSettings: swiftSettings),
        .target(
            name: "ChatStorage",
            dependencies: ["ChatCore", "CLibPQ", dequeModule, serviceLifecycle, logging, metrics],
            resources: [.embedInCode("Migrations/Schema")],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "ChatBus",
            dependencies: [
                "ChatCore", "CHiredis", dequeModule, nioCore, nioPosix, nioSSL, serviceLifecycle, logging, metrics,
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "ChatBackends",
            dependencies: ["ChatCore", asyncHTTPClient, nioCore, nioHTTP1, nioHTTP2, nioSSL, crypto, logging, metrics],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "ChatRuntime",
            dependencies: ["ChatCore", configuration, jwtKit, serviceLifecycle, hummingbird, logging, metrics],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "ChatAPI",
            dependencies: [
                "ChatCore", "ChatRuntime", "CDescriptions", hummingbird, hummingbirdCore, asyncHTTPClient, nioCore,
                nioPosix, nioEmbedded, nioHTTP1, nioHTTPCompression, nioHTTPTypes, crypto, logging, metrics,
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "ChatGateway",
            dependencies: [
                "ChatCore", "ChatRuntime", dequeModule, nioCore, nioPosix, nioHTTP1, nioWebSocket, serviceLifecycle,
                logging, metrics,
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "ChatRelay",
            dependencies: ["ChatCore", "ChatRuntime", serviceLifecycle, logging, metrics],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "APIServer",
            dependencies: [
                "ChatCore", "ChatStorage", "ChatBus", "ChatBackends", "ChatRuntime", "ChatAPI", argumentParser, logging,
            ],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "GatewayServer",
            dependencies: [
                "ChatCore", "ChatStorage", "ChatBus", "ChatBackends", "ChatRuntime", "ChatGateway", "ChatAPI",
                argumentParser, logging,
            ],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "BusServer",
            dependencies: [
                "ChatCore", "ChatStorage", "ChatBus", "ChatBackends", "ChatRuntime", "ChatRelay", argumentParser,
                logging,
            ],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "BackendCheck",
            dependencies: ["ChatCore", "ChatBackends", argumentParser, asyncHTTPClient, nioCore, nioHTTP1],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "EchoBackend",
            dependencies: [
                hummingbird, hummingbirdCore, argumentParser, nioCore, serviceLifecycle, unixSignals, logging,
            ],
            path: "Examples/EchoBackend",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "MinimalBackend",
            dependencies: [hummingbird],
            path: "Examples/MinimalBackend",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "OpenAIBridge",
            dependencies: [
                hummingbird, argumentParser, asyncHTTPClient, crypto, nioCore, nioHTTP1, serviceLifecycle, unixSignals,
                logging,
            ],
            path: "Examples/OpenAIBridge",
            exclude: ["README.md", "capabilities.json"],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "TestSupport",
            dependencies: [
                "CSpawn", "ChatCore", asyncHTTPClient, jwtKit, nioCore, nioPosix, nioHTTP1, nioHTTP2, nioSSL,
                nioWebSocket,
                yams, logging,
            ],
            path: "Tests/TestSupport",
            swiftSettings: swiftSettings
        ),
        .target(name: "CSpawn", path: "Tests/CSpawn"),
        // Light, for the tests of the modules; what needs processes and sockets is in TestSupport.
        .target(
            name: "TestFakes",
            dependencies: ["ChatCore"],
            path: "Tests/TestFakes",
            swiftSettings: swiftSettings
        ),
        // What the Autobahn suite talks to: the gateway's protocol, without the chat.
        .executableTarget(
            name: "EchoPeer",
            dependencies: ["ChatGateway", "ChatRuntime", argumentParser, nioCore, nioPosix, nioWebSocket],
            path: "Tests/EchoPeer",
            swiftSettings: swiftSettings
        ),
        // Breaks a cluster while clients use it; `make chaos`.
        .executableTarget(
            name: "FaultHarness",
            dependencies: ["TestSupport", "ChatCore", argumentParser, dequeModule, nioCore, nioPosix],
            path: "Tests/FaultHarness",
            exclude: ["README.md"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "FaultHarnessTests",
            dependencies: ["FaultHarness", "TestSupport", "ChatCore", nioCore, nioPosix],
            swiftSettings: swiftSettings
        ),
        .testTarget(name: "ChatCoreTests", dependencies: ["ChatCore", "TestFakes"], swiftSettings: swiftSettings),
        .testTarget(name: "ChatStorageTests", dependencies: ["ChatCore", "ChatStorage"], swiftSettings: swiftSettings),
        .testTarget(
            name: "ChatBusTests",
            dependencies: ["ChatCore", "ChatBus", nioCore, nioEmbedded],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ChatBackendsTests",
            dependencies: [
                "ChatCore", "ChatBackends", "TestSupport", asyncHTTPClient, nioCore, nioPosix, nioHTTP1, nioHTTP2,
                nioEmbedded, nioSSL, logging, metrics, metricsTestKit,
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ChatRuntimeTests",
            dependencies: ["TestFakes", "ChatCore", "ChatRuntime", configuration, jwtKit, logging, metrics],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ChatAPITests",
            dependencies: [
                "TestFakes", "ChatCore", "ChatRuntime", "ChatAPI", hummingbird, hummingbirdTesting, nioCore, nioPosix,
                nioEmbedded, logging, metrics,
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ChatGatewayTests",
            dependencies: [
                "ChatCore", "ChatRuntime", "ChatGateway", "TestSupport", nioCore, nioHTTP1, nioWebSocket, nioEmbedded,
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ChatRelayTests",
            dependencies: ["ChatCore", "ChatRelay", logging],
            swiftSettings: swiftSettings
        ),
        .testTarget(name: "ArchitectureTests", dependencies: [], swiftSettings: swiftSettings),
        .testTarget(
            name: "BackendCheckTests",
            dependencies: ["TestSupport", "ChatCore", "ChatBackends", "BackendCheck", nioCore, nioHTTP1],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "OpenAIBridgeTests",
            dependencies: [
                "TestSupport", "OpenAIBridge", asyncHTTPClient, hummingbird, nioCore, nioHTTP1, logging,
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "ChatGateway", nioCore, nioEmbedded, nioWebSocket,
                "TestSupport", "ChatCore", "ChatStorage", "ChatBus", "ChatBackends", "ChatRuntime", "ChatAPI",
                "ChatRelay", "APIServer",
                "GatewayServer", "BusServer", "EchoBackend", "EchoPeer", nioHTTP1, yams, logging, serviceLifecycle,
            ],
            swiftSettings: swiftSettings
        ),
    ]
)
