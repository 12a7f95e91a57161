import ChatCore

extension APIClient.Answer {
    /// Headers that belong to HTTP itself, or to the Fetch standard's protocol for other origins; the description names
    /// the API's own.
    private static let transportHeaders: Set = [
        "access-control-allow-headers", "access-control-allow-methods", "access-control-allow-origin",
        "access-control-expose-headers", "access-control-max-age", "connection", "content-length", "content-type",
        "date", "keep-alive", "server", "transfer-encoding",
    ]

    /// Holds the answer against `docs/openapi.yaml`: its status, its headers, its media type and its body.
    ///
    /// - Throws: ``TestSupportError`` that names everything that is not as described.
    func check(asAnswerTo method: String, _ path: String) throws {
        let description = try APIDescription.shared()
        let path = path.prefix { $0 != "?" }.dropFirst(APIDescription.basePath.count)
        let faults: [String]
        switch description.find(method, path) {
        case .operation(let responses):
            if let response = responses[String(status)] {
                faults = self.faults(against: description.file.resolve(response), to: method, description)
            } else {
                faults = ["the status \(status) is not described"]
            }
        case .noSuchMethod where method == "OPTIONS":
            faults = status == 204 && headers["allow"] != nil ? [] : ["OPTIONS is answered by 204 with Allow"]
        case .noSuchMethod:
            faults = generalFaults(405, "MethodNotAllowed", to: method, description)
        case .noSuchPath:
            faults = generalFaults(404, "NotFound", to: method, description)
        }
        guard faults.isEmpty else {
            throw TestSupportError(
                "\(method) \(path): the answer is not as docs/openapi.yaml has it: \(faults.joined(separator: "; ")): \(self)"
            )
        }
    }

    /// What every address has in common.
    private func generalFaults(
        _ status: Int,
        _ response: String,
        to method: String,
        _ description: APIDescription
    ) -> [String] {
        guard self.status == status, let response = description.file.target(of: "#/components/responses/\(response)")
        else {
            return ["such an address or method is answered by \(status)"]
        }
        return faults(against: response, to: method, description)
    }

    private func faults(against response: JSONValue, to method: String, _ description: APIDescription) -> [String] {
        headerFaults(against: response, description) + bodyFaults(against: response, to: method, description)
    }

    private func headerFaults(against response: JSONValue, _ description: APIDescription) -> [String] {
        var described: [String: JSONValue] = [:]
        for (name, header) in response["headers"]?.objectValue ?? [:] {
            described[name.lowercased()] = description.file.resolve(header)
        }
        var faults = described.filter { $0.value["required"] == true && headers[$0.key] == nil }
            .map { "the header \($0.key) is missing" }
        for (name, value) in headers where !Self.transportHeaders.contains(name) {
            guard let schema = described[name]?["schema"] else {
                faults.append("the header \(name) is not described")
                continue
            }
            let isNumber = schema["type"]?.stringValue == "integer"
            let json = isNumber ? (try? JSONParser.parse(value)) ?? .string(value) : .string(value)
            faults += description.file.faults(in: json, against: schema, at: "the header \(name)")
        }
        return faults
    }

    private func bodyFaults(against response: JSONValue, to method: String, _ description: APIDescription) -> [String] {
        guard let content = response["content"]?.objectValue, !content.isEmpty else {
            return bytes.isEmpty ? [] : ["there must be no body"]
        }
        let type = headers["content-type"].map { String($0.prefix { $0 != ";" }) } ?? "no type"
        guard let schema = content[type]?["schema"] else { return ["the media type \(type) is not described"] }
        if method == "HEAD" { return bytes.isEmpty ? [] : ["there must be no body"] }
        guard let text = String(validating: bytes, as: UTF8.self) else { return ["the body is not UTF-8"] }
        do {
            let value: JSONValue =
                switch type {
                case "application/json": try JSONParser.parse(bytes)
                case "application/yaml": try JSONValue(yaml: text)
                default: .string(text)
                }
            return description.file.faults(in: value, against: schema)
        } catch {
            return ["the body is no \(type): \(error)"]
        }
    }
}
