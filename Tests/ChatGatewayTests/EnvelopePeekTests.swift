import Testing

@testable import ChatGateway

@Suite struct EnvelopePeekTests {
    private static let id = "0194d3a0-0000-7000-8000-000000000001"

    @Test(arguments: [
        #"{"id":"\#(id)","type":"message.send","payload":{}}"#,
        " {\n\t\"id\" : \"\(id.uppercased())\" , \"type\": \"a\"}",
        #"{"type":"a","payload":{"id":"0194d3a0-0000-7000-8000-00000000000f","x":[{"id":1}]},"id":"\#(id)"}"#,
        #"{"payload":{"content":"\"id\":\"{[\\"},"id":"\#(id)"}"#,
        #"{"type":"id","id":"\#(id)"}"#,
        #"{"id":"\#(id)","payload":{"content":"never ends"#,
    ])
    func findsTheID(_ text: String) {
        #expect(EnvelopePeek.id(in: text.utf8) == Self.id)
    }

    @Test(arguments: [
        "", "{", "nope", #"{"id"#, #"{"id""#, #"{"id":"#, #"{"id":"0194d3a0"#, #"{"id":7}"#, #"{"id":"7"}"#,
        #"["id","\#(id)"]"#, #"{"payload":{"id":"\#(id)"}}"#, #"{"type":"\"#, #"}}{"id":"\#(id)"}"#,
    ])
    func findsNothingElse(_ text: String) {
        #expect(EnvelopePeek.id(in: text.utf8) == nil)
    }

    @Test func looksAtTheBeginningAlone() {
        let padding = String(repeating: " ", count: EnvelopePeek.maximumBytes)
        #expect(EnvelopePeek.id(in: #"{\#(padding)"id":"\#(Self.id)"}"#.utf8) == nil)
    }
}
