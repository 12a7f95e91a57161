import ChatCore
import Foundation
import FoundationNetworking
import Logging
import Metrics
import Testing

@testable import ChatRuntime

@Suite("The administration listener")
struct AdminServerTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func configuration(port: Int) -> RuntimeConfiguration {
        RuntimeConfiguration(
            role: .bus,
            nodeName: "test",
            adminPort: port,
            database: DatabaseConfiguration(url: "", poolSize: 1),
            redisURL: ""
        )
    }

    private static func get(_ port: Int, _ path: String) async throws -> (status: Int, type: String?, body: String) {
        let url = try #require(URL(string: "http://127.0.0.1:\(port)\(path)"))
        let (data, response) = try await URLSession.shared.data(from: url)
        let answer = try #require(response as? HTTPURLResponse)
        let type = answer.value(forHTTPHeaderField: "Content-Type")
        return (answer.statusCode, type, String(decoding: data, as: UTF8.self))
    }

    @Test("tells of life, readiness and metrics, and of the drain until the end")
    func answers() async throws {
        let drain = DrainState()
        let readiness = ReadinessRegistry(drain: drain, lifetime: .zero)
        readiness.register("database") { .ok }
        let metrics = PrometheusMetricsFactory()
        Counter(label: "chat_engine_test", factory: metrics).increment()
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let server = AdminServer(
            Self.configuration(port: 0),
            readiness: readiness,
            metrics: metrics,
            logger: Self.logger,
            onListening: { port.yield($0) }
        )
        let running = Task { try await server.run() }
        let number = try #require(await ports.first { _ in true })

        let alive = try await Self.get(number, "/healthz")
        #expect(alive.status == 200)
        #expect(alive.type == "application/json; charset=utf-8")
        #expect(alive.body == #"{"status":"alive"}"#)
        let ready = try await Self.get(number, "/readyz")
        #expect(ready.status == 200)
        #expect(ready.body == #"{"status":"ready","checks":{"database":"ok"}}"#)
        let scraped = try await Self.get(number, "/metrics")
        #expect(scraped.type == "text/plain; version=0.0.4; charset=utf-8")
        #expect(scraped.body.contains("\nchat_engine_test_total 1\n"))
        #expect(scraped.body.contains("\nprocess_resident_memory_bytes "))
        #expect(try await Self.get(number, "/nowhere").status == 404)

        readiness.register("redis") { .failing("unreachable") }
        let notReady = try await Self.get(number, "/readyz")
        #expect(notReady.status == 503)
        #expect(notReady.body == #"{"status":"not ready","checks":{"database":"ok","redis":"unreachable"}}"#)
        drain.beginDraining()
        #expect(try await Self.get(number, "/readyz").status == 503)
        #expect(try await Self.get(number, "/healthz").status == 200)

        running.cancel()
        _ = await running.result
    }

    @Test("a port that is taken is named, with the setting that moves it")
    func takenPort() async throws {
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let readiness = ReadinessRegistry(drain: DrainState())
        let metrics = PrometheusMetricsFactory()
        let first = AdminServer(
            Self.configuration(port: 0),
            readiness: readiness,
            metrics: metrics,
            logger: Self.logger,
            onListening: { port.yield($0) }
        )
        let running = Task { try await first.run() }
        let number = try #require(await ports.first { _ in true })
        let second = AdminServer(
            Self.configuration(port: number),
            readiness: readiness,
            metrics: metrics,
            logger: Self.logger
        )
        let failure = try #require(await #expect(throws: ListenerFailure.self) { try await second.run() })
        #expect(
            failure.description == "cannot listen on 127.0.0.1:\(number): address already in use; "
                + "ADMIN_PORT sets the port, HOST the address"
        )
        running.cancel()
        _ = await running.result
    }
}
