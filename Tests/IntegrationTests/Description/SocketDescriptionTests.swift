import ChatCore
import Foundation
import TestSupport
import Testing

/// That `docs/asyncapi.yaml` is AsyncAPI 3, whole, and of one mind with `docs/openapi.yaml`.
@Suite(.timeLimit(.minutes(5)))
struct SocketDescriptionTests {
    /// Says what is wrong with a file by the published schema, a line each.
    private static let validator = """
        import json, sys, jsonschema, yaml
        from xstate_statemachine.eda.asyncapi import load_asyncapi_schema
        document = yaml.safe_load(open(sys.argv[1]))
        document.update(json.loads(sys.argv[2]))
        for error in jsonschema.Draft7Validator(load_asyncapi_schema()).iter_errors(document):
            error = jsonschema.exceptions.best_match([error])
            print("/".join(map(str, error.absolute_path)), error.message)
        """

    private func validate(replacing members: JSONValue = [:]) async throws -> String {
        try await ChildProcess.check(
            try TestTools.path(of: "python"),
            ["-c", Self.validator, TestTools.package.appendingPathComponent("docs/asyncapi.yaml").path, members.text]
        )
    }

    @Test("The file is as the published schema of AsyncAPI 3.0.0 wants it, by a validator of somebody else's making")
    func published() async throws {
        #expect(try SocketDescription.shared().file.document["asyncapi"] == "3.0.0")
        #expect(try await validate() == "")
        // It would find something.
        let faults = try await validate(replacing: ["operations": ["auth": ["action": "listen"]]])
        #expect(faults.contains("operations/auth"))
    }

    @Test("Every reference leads somewhere, and what stands beside it only describes")
    func references() throws {
        let file = try SocketDescription.shared().file
        var count = 0
        walk(file.document) { object in
            guard let reference = object["$ref"]?.stringValue else { return }
            count += 1
            #expect(file.target(of: reference) != nil, "\(reference)")
            #expect(Set(object.names).isSubset(of: ["$ref", "description"]), "\(JSONValue.object(object).text)")
        }
        #expect(count > 100)
    }

    @Test("Every message has a type, a schema of its whole envelope, and examples that are valid")
    func messages() throws {
        let description = try SocketDescription.shared()
        for operation in description.operations {
            expectWhole(operation.request, envelope: "ClientEnvelope", in: description.file)
        }
        for message in description.serverMessages {
            expectWhole(message, envelope: "ServerEnvelope", in: description.file)
        }
    }

    private func expectWhole(_ message: SocketDescription.Message, envelope: String, in file: DescriptionFile) {
        #expect(message.schema["properties"]?["type"]?["const"]?.stringValue == message.type)
        #expect(!message.examples.isEmpty, "\(message.key)")
        for example in message.examples {
            for schema in [message.schema, ["$ref": .string("#/components/schemas/\(envelope)")]] {
                #expect(file.faults(in: example, against: schema) == [], "\(message.key)")
            }
        }
    }

    @Test("Every message of the channel is one that an operation takes, answers or sends, and every operation is of it")
    func operations() throws {
        let description = try SocketDescription.shared()
        let document = description.file.document
        let channel = try #require(document["channels"]?["ws"]?["messages"]?.objectValue)
        let used = description.operations.map(\.request.key) + description.serverMessages.map(\.key)
        #expect(Set(used) == Set(channel.names))
        #expect(Set(used) == Set(document["components"]?["messages"]?.objectValue?.names ?? []))
        #expect(description.clientTypes.count == description.operations.count)

        walk(document["operations"] ?? .null) { object in
            guard let reference = object["$ref"]?.stringValue else { return }
            #expect(reference == "#/channels/ws" || reference.hasPrefix("#/channels/ws/messages/"))
        }
    }

    @Test("What frames share with REST is the same in both files")
    func sharedSchemas() throws {
        let socket = try SocketDescription.shared().file
        let rest = try APIDescription.shared().file
        let schemas = try #require(socket.document["components"]?["schemas"]?.objectValue)
        var shared: Set<String> = []
        for (name, schema) in schemas {
            guard let other = rest.target(of: "#/components/schemas/\(name)") else { continue }
            shared.insert(name)
            #expect(schema.sorted == other.sorted, "\(name)")
        }
        #expect(shared.isSuperset(of: ["ID", "Message", "ContentPart", "ContentInput", "Capability", "Error"]))
    }

    @Test("A push event over REST has the type and the payload that it has over the socket")
    func pushEvents() throws {
        let socket = try SocketDescription.shared()
        let event = try APIDescription.shared().file.target(of: "#/components/schemas/PushEvent")?["properties"]
        let pushed = try ["MessageCreated", "SessionUpdated"].map { key in
            try #require(socket.serverMessages.first { $0.key == key }).schema["properties"]
        }
        #expect(event?["type"]?["enum"]?.arrayValue == pushed.compactMap { $0?["type"]?["const"] })
        let payloads = pushed.compactMap { $0?["payload"]?.undescribed.sorted }
        #expect(event?["payload"]?["oneOf"]?.arrayValue?.map(\.undescribed.sorted) == payloads)
    }

    @Test("A message to one backend has the fields of one to several, with the same limits")
    func sentMessage() throws {
        let socket = try SocketDescription.shared()
        let rest = try APIDescription.shared().file
        let send = try #require(socket.operations.first { $0.request.type == "message.send" })
        let fields = send.request.schema["properties"]?["payload"]?["properties"]
        let request = rest.document["paths"]?["/sessions/{id}/messages/multi"]?["post"]?["requestBody"]
        let multi = request?["content"]?["application/json"]?["schema"]?["properties"]
        for name in ["content", "file_urls", "parent_message_id", "enabled_capabilities"] {
            let field = try #require(fields?[name])
            let other = try #require(multi?[name])
            // What `content` refers to is shared.
            let schema = name == "enabled_capabilities" ? socket.file.resolve(field).undescribed : field.undescribed
            #expect(schema.sorted == other.undescribed.sorted, "\(name)")
        }
    }

    private func walk(_ value: JSONValue, _ visit: (JSONObject) -> Void) {
        switch value {
        case .object(let members):
            visit(members)
            for (_, member) in members { walk(member, visit) }
        case .array(let elements): for element in elements { walk(element, visit) }
        default: break
        }
    }
}
