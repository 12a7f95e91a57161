import ChatCore
import Testing

@testable import ChatBackends

@Suite struct WebhookSignatureTests {
    private let time = Timestamp(microsecondsSince1970: 1_614_265_330_000_000)

    private func signature(_ secret: String) -> String? {
        WebhookSignature(secret: secret)
            .headers(id: "msg_p5jXN8AQM9LWM0D4loKWxJek", time: time, body: Array(#"{"test": 2432232314}"#.utf8))
            .first { $0.name == "webhook-signature" }?.value
    }

    @Test func `The example of the specification`() {
        let headers = WebhookSignature(secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            .headers(id: "msg_p5jXN8AQM9LWM0D4loKWxJek", time: time, body: Array(#"{"test": 2432232314}"#.utf8))
        #expect(headers.map(\.name) == ["webhook-id", "webhook-timestamp", "webhook-signature"])
        #expect(
            headers.map(\.value) == [
                "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ]
        )
    }

    @Test func `A secret of another form is the key itself`() {
        // The bytes that the base64 of the example stands for would be another key.
        #expect(signature("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") != signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        #expect(signature("whsec_c2VjcmV0") == signature("secret"))
        #expect(signature("whsec_no-base64!") == signature("whsec_d2hzZWNfbm8tYmFzZTY0IQ=="))
    }

    @Test func `Two secrets give two signatures`() {
        let (old, new) = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "new-secret")
        let signatures = [old, new].compactMap { signature($0) }
        #expect(signature("\(old) \(new)") == signatures.joined(separator: " "))
    }
}
