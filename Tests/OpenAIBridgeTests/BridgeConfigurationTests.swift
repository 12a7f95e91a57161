import Foundation
import Testing

@testable import OpenAIBridge

@Suite struct BridgeConfigurationTests {
    private func configuration(_ capabilities: String) throws -> BridgeConfiguration {
        var configuration = BridgeConfiguration(baseURL: "http://127.0.0.1:1/v1//", model: "small")
        configuration.capabilities = try BridgeConfiguration.capabilities(Data(capabilities.utf8))
        return configuration
    }

    @Test func `The options of enabled capabilities go into the request, later ones over earlier ones`() throws {
        let configuration = try configuration(
            #"""
            [{"id": "large", "name": "Large", "options": {"model": "large", "temperature": 0}},
             {"id": "warm", "options": {"temperature": 1.5, "stop": ["\n"]}}, {"id": "plain"}]
            """#
        )
        #expect(configuration.baseURL == "http://127.0.0.1:1/v1")
        let request = configuration.request(
            [["role": "user", "content": "Hi"]],
            enabling: ["large", "unknown", "warm"]
        )
        #expect(
            request == [
                "model": "large", "temperature": .number(1.5), "stop": ["\n"], "stream": true,
                "stream_options": ["include_usage": true], "messages": [["role": "user", "content": "Hi"]],
            ]
        )
        #expect(
            configuration.capabilities.map(\.json) == [
                ["id": "large", "name": "Large"], ["id": "warm"], ["id": "plain"],
            ]
        )
    }

    @Test(arguments: [
        #"{}"#, #"[{"name": "no id"}]"#, #"[{"id": "a"}, {"id": "a"}]"#, #"[{"id": "a", "options": 3}]"#,
        #"[{"id": "a", "options": {"messages": []}}]"#, #"[{"id": "a", "options": {"stream": false}}]"#,
    ])
    func `Capabilities that make no sense are refused`(json: String) {
        #expect(throws: (any Error).self) { try configuration(json) }
    }

    @Test func `The example of capabilities can be read`() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Examples/OpenAIBridge/capabilities.json").path
        #expect(try BridgeConfiguration.capabilities(inFile: path).count == 3)
    }
}
