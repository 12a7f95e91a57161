import Hummingbird

struct Context: RequestContext {
    var coreContext: CoreRequestContextStorage
    // Long histories are larger than the usual limit of 2 MiB.
    let maxUploadSize = 64 * 1024 * 1024

    init(source: Source) { coreContext = .init(source: source) }
}

struct Call: Decodable {
    var event: String
}

func json(_ text: String) -> Response {
    Response(status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: .init(string: text)))
}

let router = Router(context: Context.self)
router.post("/") { request, context in
    switch try await request.decode(as: Call.self, context: context).event {
    case "session.created": return json(#"{"available_capabilities": []}"#)
    case "session_type.health_check": return json(#"{"status": "healthy", "version": "1", "capabilities": []}"#)
    case "session.summary": return json(#"{"summary": "We talked.", "metadata": {}}"#)
    case "message.new", "message.recreate":
        let body = ResponseBody { writer in
            for word in ["Hello", " from", " Swift"] {
                let chunk = "event: chunk\ndata: {\"type\": \"text\", \"content\": \"\(word)\"}\n\n"
                try await writer.write(.init(string: chunk))
            }
            try await writer.write(.init(string: "event: complete\ndata: {}\n\n"))
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "text/event-stream"], body: body)
    default: return json("{}")
    }
}

let port = Environment().get("PORT", as: Int.self) ?? 8090
let application = Application(router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)))
try await application.runService()
