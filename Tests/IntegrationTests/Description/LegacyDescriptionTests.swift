import ChatCore
import TestSupport
import Testing

/// That the legacy operations of `docs/asyncapi.yaml` are those of `docs/openapi.yaml`, in other clothes.
struct LegacyDescriptionTests {
    /// The REST operation that a legacy one stands for.
    private struct Twin {
        /// Like `GET /sessions/{id}`.
        let address: String
        let operation: JSONValue
        let file: DescriptionFile

        static func named(_ name: String) throws -> Twin {
            let file = try APIDescription.shared().file
            for (path, operations) in file.document["paths"]?.objectValue ?? [:] {
                for (method, operation) in operations.objectValue ?? [:]
                where operation["operationId"]?.stringValue == name {
                    return Twin(address: "\(method.uppercased()) \(path)", operation: operation, file: file)
                }
            }
            throw TestSupportError("there is no REST operation \(name)")
        }

        var result: JSONValue? {
            let responses = operation["responses"]
            return (responses?["200"] ?? responses?["201"])?["content"]?["application/json"]?["schema"]
        }

        /// The schemas of everything a request can say, and the names of what it has to say.
        var fields: (schemas: [String: JSONValue], required: Set<String>) {
            let body = operation["requestBody"]?["content"]?["application/json"]?["schema"]
            var required = Set((body?["required"]?.arrayValue ?? []).compactMap(\.stringValue))
            var schemas: [String: JSONValue] = [:]
            for (name, schema) in body?["properties"]?.objectValue ?? [:] { schemas[name] = schema }
            for parameter in (operation["parameters"]?.arrayValue ?? []).map(file.resolve) {
                guard let place = parameter["in"]?.stringValue, place != "header" else { continue }
                let given = parameter["name"]?.stringValue ?? ""
                let name = place == "path" ? fieldName(of: given) : given
                schemas[name] = parameter["schema"]
                if parameter["required"] == true { required.insert(name) }
            }
            return (schemas, required)
        }

        /// An address names a thing by its place, a payload by its kind.
        private func fieldName(of parameter: String) -> String {
            switch parameter {
            case "token": "share_token"
            default: address.contains("/messages/{id}") ? "message_id" : "session_id"
            }
        }
    }

    private static func legacyOperations() throws -> [(socket: SocketDescription.Operation, twin: Twin)] {
        try SocketDescription.shared().operations.compactMap { operation in
            try operation.restOperation.map { (operation, try Twin.named($0)) }
        }
    }

    @Test("There are the thirteen of the first protocol")
    func types() throws {
        let types = Set(try Self.legacyOperations().map(\.socket.request.type))
        #expect(
            types == [
                "session.create", "session.get", "session.delete", "session.switch_type", "session.export",
                "session.share", "session.access_shared", "session.search", "sessions.search", "message.list",
                "message.get", "message.stop", "message.get_variants",
            ]
        )
    }

    @Test("The payload has the fields of the REST request")
    func payloads() throws {
        let file = try SocketDescription.shared().file
        for (operation, twin) in try Self.legacyOperations() {
            let payload = try #require(operation.request.schema["properties"]?["payload"])
            let fields = try #require(payload["properties"]?.objectValue)
            let (schemas, required) = twin.fields
            let type = operation.request.type
            #expect(Set(fields.names) == Set(schemas.keys), "\(type)")
            #expect(Set((payload["required"]?.arrayValue ?? []).compactMap(\.stringValue)) == required, "\(type)")
            for (name, schema) in fields {
                let schema = file.resolve(schema).undescribed
                // An optional field may be null; an optional parameter cannot.
                let comparable = required.contains(name) ? schema : schema.withoutNull
                #expect(comparable.sorted == schemas[name]?.undescribed.withoutNull.sorted, "\(type): \(name)")
            }
        }
    }

    @Test("The result is the body of the REST answer, and `deprecated` names the REST operation")
    func results() throws {
        for (operation, twin) in try Self.legacyOperations() {
            #expect(Set(operation.answers.map(\.type)) == ["response.success", "response.error"])
            let success = try #require(operation.answers.first { $0.type == "response.success" })
            let payload = success.schema["properties"]?["payload"]
            #expect(payload?["required"] == ["request_id", "result", "deprecated"], "\(success.key)")
            let fields = payload?["properties"]
            #expect(fields?["result"]?.sorted == twin.result?.sorted, "\(success.key)")
            let use = fields?["deprecated"]?["properties"]?["use"]?["const"]?.stringValue
            #expect(use == twin.address.replacing(" ", with: " /api/v1"), "\(success.key)")
        }
    }
}

extension JSONValue {
    /// A schema without its description.
    var undescribed: JSONValue { without("description") }

    /// A schema of the same values but `null`.
    var withoutNull: JSONValue {
        guard case .object(var schema) = self else { return self }
        if let types = schema["type"]?.arrayValue {
            let others = types.filter { $0 != "null" }
            schema["type"] = others.count == 1 ? others.first : .array(others)
        }
        if let values = schema["enum"]?.arrayValue { schema["enum"] = .array(values.filter { $0 != .null }) }
        return .object(schema)
    }

    private func without(_ name: String) -> JSONValue {
        guard case .object(var members) = self else { return self }
        members[name] = nil
        return .object(members)
    }
}
