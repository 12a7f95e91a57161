import ChatCore
import Testing

@Suite struct SessionTypeReadingTests {
    /// What of these fields, added to a session type that is right, is refused.
    private func faults(_ fields: JSONObject) -> [String] {
        var body: JSONObject = ["name": "Test", "webhook_url": "https://backend.example/hook"]
        for (name, value) in fields { body[name] = value }
        do throws(ChatError) {
            _ = try SessionType(body: .object(body))
            return []
        } catch {
            return error.validationErrors.map { "\($0.field): \($0.code.rawValue)" }
        }
    }

    @Test(arguments: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "any-text", "whsec_b2xk whsec_bmV3", "old new"])
    func oneOrTwoSecrets(secret: String) throws {
        let type = try SessionType(
            body: ["name": "Test", "webhook_url": "https://backend.example/", "webhook_secret": .string(secret)]
        )
        #expect(type.webhookSecret == secret)
    }

    @Test(arguments: [
        "one two three", " one", "one ", "one  two", "one\ttwo", "one\n", "schlüssel", "\u{7F}", "whsec_", "whsec_!!!",
        "whsec_b2xk whsec_abc",
    ])
    func secretsThatAreNone(secret: String) {
        #expect(faults(["webhook_secret": .string(secret)]) == ["webhook_secret: invalid_value"])
    }

    @Test(arguments: [
        "http://user:password@backend.example/", "https://user@backend.example/", "ftp://backend.example/",
    ])
    func addressesWithCredentialsOrOfAnotherKind(address: String) {
        #expect(faults(["webhook_url": .string(address)]).map { $0.prefix(12) } == ["webhook_url:"])
        let summarization: JSONValue = ["enabled": true, "service_url": .string(address)]
        #expect(faults(["summarization": summarization]).map { $0.prefix(26) } == ["summarization.service_url:"])
    }
}
