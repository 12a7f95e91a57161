import ChatBus
import Testing

struct RedisConfigurationTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let url: String
        let address: RedisConfiguration.Address
        var username: String?
        var password: String?
        var database = 0

        var testDescription: String { url }
    }

    @Test(arguments: [
        Example(url: "redis://h", address: .tcp(host: "h", port: 6379)),
        Example(url: "REDIS://h:1/", address: .tcp(host: "h", port: 1)),
        Example(url: "redis://h:6380/7", address: .tcp(host: "h", port: 6380), database: 7),
        Example(url: "redis://h?db=7", address: .tcp(host: "h", port: 6379), database: 7),
        Example(url: "redis://[::1]:1", address: .tcp(host: "::1", port: 1)),
        Example(url: "redis://[::1]", address: .tcp(host: "::1", port: 6379)),
        Example(url: "redis://:p@h", address: .tcp(host: "h", port: 6379), password: "p"),
        Example(url: "redis://u:p@h", address: .tcp(host: "h", port: 6379), username: "u", password: "p"),
        Example(url: "redis://u:a%40%3A%2fb@h", address: .tcp(host: "h", port: 6379), username: "u", password: "a@:/b"),
        Example(url: "redis://u:a@:b@h", address: .tcp(host: "h", port: 6379), username: "u", password: "a@:b"),
        Example(url: "rediss://h", address: .tcp(host: "h", port: 6379)),
        Example(url: "unix:///run/redis.sock", address: .unix(path: "/run/redis.sock")),
        Example(
            url: "unix://u:p@/a%20b?db=3",
            address: .unix(path: "/a b"),
            username: "u",
            password: "p",
            database: 3
        ),
    ])
    func `Addresses are read`(example: Example) throws {
        let configuration = try RedisConfiguration(url: example.url)
        #expect(configuration.address == example.address)
        #expect(configuration.username == example.username)
        #expect(configuration.password == example.password)
        #expect(configuration.database == example.database)
    }

    @Test(
        arguments: [
            ("", .scheme), ("h:6379", .scheme), ("http://secret@h", .scheme), ("redis:/h", .scheme),
            ("redis://", .host), ("redis://:secret@", .host), ("redis://[::1", .host), ("redis://%zz", .host),
            ("redis://:secret@h:x", .port), ("redis://h:0", .port), ("redis://h:65536", .port), ("redis://h:", .port),
            ("redis://[::1]secret", .port), ("redis://:se/secret@h", .host), ("redis://:12/secret@h", .host),
            ("redis://secret@h", .credentials), ("redis://secret:@h", .credentials),
            ("redis://:secret%@h", .credentials),
            ("redis://:secret%ff@h", .credentials), ("redis://h/secret", .database), ("redis://h/-1", .database),
            ("redis://h/1/2", .database), ("redis://h/1?db=1", .database), ("redis://h?db=secret", .database),
            ("redis://h?secret=1", .parameter), ("redis://h?secret", .parameter), ("redis://h?db=1&db=1", .parameter),
            ("redis://h?ssl_ca_certs=/secret", .parameter), ("redis://:secret#@h", .fragment),
            ("unix://", .path), ("unix:///", .path), ("unix://secret/run", .path), ("unix://:secret@h/run", .path),
            ("rediss://h?ssl_ca_certs=/none/secret", .certificate), ("rediss://h?ssl_certfile=/secret", .certificate),
            ("rediss://h?ssl_certfile=/secret&ssl_keyfile=/secret", .certificate),
        ] as [(String, RedisConfigurationError.Part)]
    )
    func `What is wrong is named, without its value`(url: String, part: RedisConfigurationError.Part) throws {
        let error = try #require(throws: RedisConfigurationError.self) { try RedisConfiguration(url: url) }
        #expect(error.part == part)
        #expect(!error.description.contains("secret"))
    }

    @Test func `A description masks the password`() throws {
        let configuration = try RedisConfiguration(url: "redis://u:secret@h/1")
        #expect("\(configuration)" == "redis://u:***@h:6379/1")
        #expect(String(reflecting: configuration) == "redis://u:***@h:6379/1")
        #expect("\(try RedisConfiguration(url: "rediss://[::1]:1"))" == "rediss://[::1]:1/0")
        #expect("\(try RedisConfiguration(url: "unix://:secret@/s"))" == "unix://:***@/s?db=0")
    }
}
