internal import ChatCore
internal import ChatRuntime
internal import Hummingbird

/// `POST /sessions/{id}/messages/multi`: one message, several backends.
struct SendMultiRoutes: Sendable {
    let sendMulti: SendMulti

    func add(to table: RouteTable) {
        table.add(.post, "/sessions/{id}/messages/multi", handle: send)
    }

    @Sendable
    private func send(_ request: APIRequest) async throws -> Response {
        let session = try request.sessionID()
        let body = try SendMultiRequest(body: await request.body())
        let outcome = try await sendMulti(
            body,
            session: session,
            caller: request.caller,
            traceparent: request.trace.traceparent,
            keyed: request.keyed
        )
        var writer = JSONWriter(reservingCapacity: 4096)
        writer.beginObject()
        writer.name("user_message")
        writer.message(outcome.userMessage)
        writer.name("responses")
        writer.beginArray()
        for response in outcome.responses {
            writer.beginObject()
            writer.name("session_type_id")
            writer.string(response.sessionTypeID.description)
            if let message = response.message {
                writer.name("message")
                writer.message(message)
            }
            if let error = response.error {
                writer.name("error")
                writer.value(error.json(traceID: request.trace.traceID))
            }
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return Answer.json(writer.bytes)
    }
}
