import ChatCore

extension ServerEnvelope {
    /// The answer to an operation of the first protocol, with what takes its place.
    static func legacySuccess(
        requestID: String,
        result: [UInt8],
        operation: LegacyOperation,
        phase: MigrationPhase
    ) -> [UInt8] {
        encode(.responseSuccess, reserving: result.count + 160) { writer in
            writer.beginObject()
            writer.name("request_id")
            writer.string(requestID)
            writer.name("result")
            writer.literal(result)
            writer.name("deprecated")
            writer.beginObject()
            writer.name("use")
            writer.string(operation.replacement)
            writer.name("phase")
            writer.integer(phase.number)
            writer.endObject()
            writer.endObject()
        }
    }

    /// An error that was given before, as it was given.
    static func legacyError(requestID: String, shape: JSONValue) -> [UInt8] {
        var payload: JSONObject = ["request_id": .string(requestID)]
        for (name, value) in shape.objectValue ?? [:] { payload[name] = value }
        return encode(.responseError, .object(payload))
    }
}
