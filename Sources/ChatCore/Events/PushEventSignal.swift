/// A push event as it travels over the bus: `seq kind microseconds` on the first line, the payload after it.
///
/// A payload over ``maximumPayloadBytes`` stays in the event log: the signal then ends with its first line, and the event
/// read from it has an empty payload.
public enum PushEventSignal {
    /// Far below what the bus takes, so that no event can hold up those behind it.
    public static let maximumPayloadBytes = 1 << 20

    public static func encode(_ event: PushEvent) -> [UInt8] {
        let head = "\(event.seq) \(event.kind.rawValue) \(event.createdAt.microsecondsSince1970)\n"
        var bytes: [UInt8] = []
        let payload = event.payload.utf8
        let carriesPayload = payload.count <= maximumPayloadBytes
        bytes.reserveCapacity(head.utf8.count + (carriesPayload ? payload.count : 0))
        bytes.append(contentsOf: head.utf8)
        if carriesPayload { bytes.append(contentsOf: payload) }
        return bytes
    }

    /// `nil` for bytes that are no such event.
    public static func decode(_ bytes: [UInt8], client: ClientID) -> PushEvent? {
        guard let lineEnd = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let fields = String(decoding: bytes[..<lineEnd], as: UTF8.self).split(separator: " ")
        guard fields.count == 3, let seq = Int64(fields[0]), let kind = PushEvent.Kind(rawValue: String(fields[1])),
            let microseconds = Int64(fields[2]),
            let payload = String(validating: bytes[(lineEnd + 1)...], as: UTF8.self)
        else { return nil }
        return PushEvent(
            clientID: client,
            seq: seq,
            kind: kind,
            payload: payload,
            createdAt: Timestamp(microsecondsSince1970: microseconds)
        )
    }
}
