internal import ChatCore
internal import ChatRuntime
internal import Hummingbird

/// `GET /events`: push events for clients without a socket.
struct EventRoutes: Sendable {
    let followEvents: FollowEvents
    let drain: DrainState

    func add(to table: RouteTable) {
        table.add(.get, "/events", takesQuery: true, handle: follow)
    }

    /// A request that waits is answered at once when the node goes away, so that its client finds another one.
    @Sendable
    private func follow(_ request: APIRequest) async throws -> Response {
        let wanted = try eventQuery(request)
        var ends: [@Sendable () async -> Void] = [{ [drain] in await drain.waitUntilDraining() }]
        if wanted.waitSeconds > 0, let presence = await ClientPresence.at(request.channel) {
            ends.append { await presence.untilGone() }
        }
        let slice = try await followEvents(wanted, client: request.caller.clientID, until: ends)
        var writer = JSONWriter(reservingCapacity: 128 + slice.events.reduce(0) { $0 + $1.payload.utf8.count + 128 })
        writer.beginObject()
        writer.name("events")
        writer.beginArray()
        for event in slice.events { writer.pushEvent(event) }
        writer.endArray()
        writer.name("last_seq")
        writer.integer(slice.lastSeq)
        writer.name("resync")
        writer.literal(slice.isResync ? "true" : "false")
        writer.endObject()
        return Answer.json(writer.bytes)
    }

    private func eventQuery(_ request: APIRequest) throws(ChatError) -> FollowEvents.Request {
        var reader = request.query()
        let query = FollowEvents.Request(
            afterSeq: Int64(reader.integer("after_seq", in: 0...Int.max) ?? 0),
            limit: reader.integer("limit", in: 1...1000) ?? 100,
            waitSeconds: reader.integer("wait_seconds", in: 0...FollowEvents.maximumWaitSeconds) ?? 0
        )
        try reader.finish()
        return query
    }
}

extension JSONWriter {
    fileprivate mutating func pushEvent(_ event: PushEvent) {
        beginObject()
        name("type")
        string(event.kind.rawValue)
        name("payload")
        literal(event.numberedPayload)
        name("seq")
        integer(event.seq)
        name("timestamp")
        string(event.createdAt.description)
        endObject()
    }
}
