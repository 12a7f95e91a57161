import ChatCore
import Foundation
import Testing

@testable import ChatRuntime

@Suite("check-config and the documentation")
struct ConfigurationCheckTests {
    @Test("prints each value with its origin and no secret")
    func effectiveConfiguration() async throws {
        let lines = try await APIConfiguration.check(
            arguments: ["--port", "8000"],
            environment: ConfigurationReadingTests.environment
        )
        #expect(lines.contains("DATABASE_URL=postgresql://chat:********@localhost/chat  # environment"))
        #expect(lines.contains("JWT_SECRET=********  # environment"))
        #expect(lines.contains("PORT=8000  # flag"))
        #expect(lines.contains("ADMIN_PORT=9101  # default"))
        #expect(lines.contains("ALLOWED_ORIGINS=http://127.0.0.1:8080  # default"))
        #expect(lines.contains("JWT_ISSUER=  # not set"))
        let text = lines.joined()
        #expect(!text.contains("word"))
        #expect(!text.contains("0123456789abcdef"))
    }

    private func names(_ configuration: (some ReadableConfiguration).Type) async throws -> [String] {
        try await configuration.check(arguments: [], environment: ConfigurationReadingTests.environment)
            .map { String($0.prefix(while: { $0 != "=" })) }
    }

    @Test("each program reads exactly the settings the table gives it, each once")
    func tableMatchesReading() async throws {
        #expect(try await names(APIConfiguration.self).sorted() == Setting.read(by: .api).map(\.name).sorted())
        #expect(try await names(GatewayConfiguration.self).sorted() == Setting.read(by: .gateway).map(\.name).sorted())
        #expect(try await names(BusConfiguration.self).sorted() == Setting.read(by: .bus).map(\.name).sorted())
    }

    @Test("names and flags are unique and well formed")
    func names() {
        #expect(Set(Setting.all.map(\.name)).count == Setting.all.count)
        #expect(Set(Setting.all.map(\.flag)).count == Setting.all.count)
        #expect(Setting.databaseURL.flag == "--database-url")
        for setting in Setting.all { #expect(setting.name.wholeMatch(of: #/[A-Z][A-Z0-9_]*/#) != nil) }
    }

    /// With `UPDATE_DOCUMENTS=1` in the environment the file is written anew before it is compared.
    @Test("docs/configuration.md is what the table says")
    func document() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let document = root.appending(path: "docs/configuration.md")
        if ProcessInfo.processInfo.environment["UPDATE_DOCUMENTS"] == "1" {
            try SettingsDocument.markdown.write(to: document, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: document, encoding: .utf8) == SettingsDocument.markdown)
    }

    @Test(
        "passwords in addresses are masked, however they are written",
        arguments: [
            ("postgresql://u:p@h:5432/d?sslmode=require", "postgresql://u:********@h:5432/d?sslmode=require"),
            ("postgresql://u:p/q@x@h/d", "postgresql://u:********@h/d"),
            ("postgresql://h/d?user=u&password=p&x=1", "postgresql://h/d?user=u&password=********&x=1"),
            ("host=h user=u password = 'p \\' q' dbname=d", "host=h user=u password = ******** dbname=d"),
            ("host=h PASSWORD=p sslpassword=q", "host=h PASSWORD=******** sslpassword=********"),
            ("redis://:p@h:6379/0", "redis://:********@h:6379/0"),
            ("redis://h:6379", "redis://h:6379"),
            ("unix:///run/redis.sock", "unix:///run/redis.sock"),
        ]
    )
    func masking(address: String, masked: String) {
        #expect(ConnectionStringMask.masked(address) == masked)
    }

    @Test("a secret does not show when it is printed")
    func secret() {
        let secret = Secret("visible")
        #expect("\(secret)" == "********")
        #expect(String(reflecting: [secret]).contains("visible") == false)
        var dumped = ""
        dump(TokenConfiguration(secret: secret), to: &dumped)
        #expect(!dumped.contains("visible"))
    }
}
