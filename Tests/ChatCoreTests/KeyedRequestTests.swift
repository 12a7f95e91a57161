import Testing

@testable import ChatCore

@Suite struct KeyedRequestTests {
    private static let moment = Timestamp(microsecondsSince1970: 1_770_000_000_123_456)

    private func request(key: UInt8 = 1, digest: [UInt8], since: Timestamp = moment) throws -> KeyedRequest {
        KeyedRequest(
            RepeatableRequest(
                clientID: try #require(ClientID("alice")),
                key: [UInt8](repeating: key, count: 32),
                digest: digest
            ),
            since: since
        )
    }

    @Test func theIDFollowsFromTheRequestAndItsMoment() throws {
        let digest = [UInt8](0..<32)
        let id: SessionID = try request(digest: digest).makeID()
        #expect(try request(digest: digest).makeID() == id)
        #expect(id.description.hasPrefix("019c1c38-a47b-7"))
        #expect(id.description.dropFirst(19).first.map { "89ab".contains($0) } == true)
        #expect(try request(digest: digest.reversed()).makeID() != id)
        let later = Self.moment.advanced(bySeconds: 86_400)
        #expect(try request(digest: digest, since: later).makeID() != id)
        // Every byte that counts has an effect.
        var ids: Set<SessionID> = [id]
        for byte in [0, 8, 9, 10, 11, 12, 13, 14] {
            var other = digest
            other[byte] ^= 0x01
            ids.insert(try request(digest: other).makeID())
        }
        #expect(ids.count == 9)
    }

    @Test func theKeyIsWrittenInDigits() throws {
        let key = try request(key: 0x0A, digest: [0, 255]).idempotencyKey
        #expect(key.clientID == ClientID("alice"))
        #expect(key.key == String(repeating: "0a", count: 32))
        #expect(key.digest == "00ff")
    }
}
