internal import ChatCore
internal import Hummingbird

/// Export, and the download of what was exported into a directory.
struct ExportRoutes: Sendable {
    let operations: ChatOperations
    let exporting: ExportingServices

    func add(to table: RouteTable) {
        table.add(.post, "/sessions/{id}/export", handle: export)
        table.addOpen(.get, "/exports/{name}", takesQuery: true, handle: download)
    }

    @Sendable
    private func export(_ request: APIRequest) async throws -> Response {
        let id = try request.sessionID()
        let body = try ExportSession.Request(body: await request.body())
        let answer = try await operations.exportSession(
            ExportSessionOperation.Request(sessionID: id, body: body),
            caller: request.caller
        )
        return Answer.json(answer.body)
    }

    @Sendable
    private func download(_ request: OpenRequest) async throws -> Response {
        var query = request.query()
        let expires = query.text("expires").flatMap { Int64($0) }
        let signature = query.text("signature")
        try query.finish()
        guard let store = exporting.downloads, let name = request.parameters["name"].flatMap({ ExportName($0) }),
            let expires, let signature, store.allows(name, expires: expires, signature: signature)
        else { throw ChatError(.forbidden, "The link is not valid, or not any more.") }
        guard let size = try await store.size(of: name) else {
            throw ChatError(.notFound, "The export is not there any more.")
        }
        let headers: HTTPFields = [
            .contentType: name.format.contentType,
            .contentDisposition: "attachment; filename=\"\(name.downloadName)\"",
            .cacheControl: "private, no-store",
            .xContentTypeOptions: "nosniff",
        ]
        let body = ResponseBody(contentLength: size) { writer in
            try await store.read(name, size: size) { try await writer.write(ByteBuffer(bytes: $0)) }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: headers, body: body)
    }
}
