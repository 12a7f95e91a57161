import ChatCore
import Foundation
import Logging
import Testing

@testable import ChatRuntime

@Suite("The log")
struct LogTests {
    private func record(_ message: String, _ metadata: Logger.Metadata = [:]) -> LogRecord {
        LogRecord(
            time: Timestamp(microsecondsSince1970: 1_770_000_000_123_456),
            level: .info,
            message: message,
            label: "gateway",
            metadata: metadata
        )
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test("a JSON record is one line with the fixed members first")
    func json() {
        let metadata = Logger.Metadata.keys([.sessionID: "s", .clientID: "c"])
        #expect(
            text(record("Stream ended", metadata).json)
                == #"{"timestamp":"2026-02-02T02:40:00.123Z","level":"info","message":"Stream ended","#
                + #""logger":"gateway","client_id":"c","session_id":"s"}"# + "\n"
        )
    }

    @Test("whatever is logged stays one JSON object, nested metadata too, and no name appears twice")
    func escaping() throws {
        let metadata: Logger.Metadata = [
            "message": "mine", "list": ["a\n", .stringConvertible(5)], "nested": ["k\"": "\u{1}"],
        ]
        let line = record("a\"b\\c\nd\u{0}\u{2028}", metadata).json
        #expect(line.filter { $0 == 0x0A }.count == 1)
        let object = try #require(JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
        #expect(object["message"] as? String == "a\"b\\c\nd\u{0}\u{2028}")
        #expect(object["message_"] as? String == "mine")
        #expect(object["list"] as? [String] == ["a\n", "5"])
        #expect(object["nested"] as? [String: String] == ["k\"": "\u{1}"])
    }

    @Test("long texts are cut off")
    func bound() {
        let long = String(repeating: "é", count: 100_000)
        #expect(record(long, ["k": .string(long)]).json.count < 3 * LogRecord.maximumTextBytes)
        #expect(record(long, ["k": .string(long)]).text.count < 3 * LogRecord.maximumTextBytes)
    }

    @Test("a text record is one line as well")
    func plainText() {
        let line = text(record("a\nb", ["client_id": "x\r\ny"]).text)
        #expect(line == "2026-02-02T02:40:00.123Z info     gateway: a\\nb client_id=x\\r\\ny\n")
    }

    @Test("metadata of the record wins over the provider's, that over the logger's own; node and error are there")
    func merging() throws {
        struct Broken: Error {}
        let pipe = Pipe()
        let handler = LineLogHandler(
            label: "api",
            configuration: LoggingConfiguration(level: .notice),
            nodeName: "node-1",
            metadataProvider: Logger.MetadataProvider { ["a": "provider", "b": "provider", "c": "provider"] },
            output: LogOutput(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        )
        var logger = Logger(label: "api") { _ in handler }
        logger[metadataKey: "a"] = "logger"
        logger[metadataKey: "d"] = "logger"
        logger.info("Not written")
        logger.with(.traceID, "t").error("Written", metadata: ["a": "record", "b": "record"])
        handler.log(
            event: LogEvent(
                level: .error,
                message: "Broken",
                error: Broken(),
                metadata: nil,
                source: nil,
                file: #fileID,
                function: #function,
                line: #line
            )
        )
        try pipe.fileHandleForWriting.close()
        let lines = text(Array(pipe.fileHandleForReading.readDataToEndOfFile())).split(separator: "\n")
        #expect(lines.count == 2)
        let first = try JSONParser.parse(String(try #require(lines.first)))
        #expect(first["a"] == "record")
        #expect(first["b"] == "record")
        #expect(first["c"] == "provider")
        #expect(first["d"] == "logger")
        #expect(first["trace_id"] == "t")
        #expect(first["node_id"] == "node-1")
        #expect(try JSONParser.parse(String(try #require(lines.last)))["error"] == "Broken()")
    }

    @Test("records of many tasks never mix, even when they are longer than a pipe takes at once")
    func interleaving() async throws {
        let pipe = Pipe()
        let output = LogOutput(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let reader = Task.detached { Array(pipe.fileHandleForReading.readDataToEndOfFile()) }
        await withTaskGroup { group in
            for number in 0..<20 {
                group.addTask {
                    let line = Array(repeating: UInt8(ascii: "a") + UInt8(number), count: 70_000) + [0x0A]
                    output.write(line)
                }
            }
        }
        try pipe.fileHandleForWriting.close()
        let lines = await reader.value.split(separator: 0x0A)
        #expect(lines.count == 20)
        for line in lines { #expect(line.count == 70_000 && Set(line).count == 1) }
    }
}
