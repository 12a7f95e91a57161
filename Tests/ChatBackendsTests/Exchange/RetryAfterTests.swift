import ChatCore
import Testing

@testable import ChatBackends

@Suite struct RetryAfterTests {
    /// Sun, 06 Nov 1994 08:49:37 GMT.
    private let now = Timestamp(microsecondsSince1970: 784_111_777_000_000)

    @Test(
        arguments: [
            ("0", 0), ("120", 120), ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("Sun, 06 Nov 1994 08:49:40 GMT", 3),
            ("Sun, 06 Nov 1994 08:49:36 GMT", 0), ("Mon, 07 Nov 1994 08:49:37 GMT", 86_400),
            ("Fri, 06 Jan 1995 08:49:37 GMT", 61 * 86_400),
        ] as [(String, Int)]
    )
    func `Seconds and dates`(text: String, seconds: Int) {
        #expect(RetryAfter.seconds(text, at: now) == seconds)
    }

    @Test(arguments: [
        "", "soon", "-1", "1.5", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT more",
        "99999999999999999999",
    ])
    func `Anything else`(text: String) {
        #expect(RetryAfter.seconds(text, at: now) == nil)
    }
}
