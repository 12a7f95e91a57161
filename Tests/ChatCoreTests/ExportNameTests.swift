import Testing

@testable import ChatCore

@Suite struct ExportNameTests {
    @Test(arguments: ExportFormat.allCases)
    func aNameIsReadBack(format: ExportFormat) {
        let session = SessionID.make()
        let name = ExportName(of: session, format: format)
        #expect(ExportName(name.description) == name)
        #expect(name.description.utf8.count == 36 + 1 + 64 + 1 + format.fileExtension.utf8.count)
        #expect(name.downloadName == "session-\(session).\(format.fileExtension)")
    }

    @Test func noTwoNamesAreAlike() {
        let session = SessionID.make()
        #expect(Set((0..<100).map { _ in ExportName(of: session, format: .json) }).count == 100)
    }

    @Test func nothingElseIsAName() {
        let name = ExportName(of: .make(), format: .json).description
        let others = [
            "", "..", "../\(name)", "/\(name)", "\(name)/..", "\(name).part", name.uppercased(), "x\(name)",
            String(name.dropFirst()), String(name.dropLast()), name.replacing("-", with: "/"),
            name.replacing(".json", with: ".md.json"), name.replacing(".json", with: ".html"), "\(name)\0",
            String(name.prefix(36)) + "-" + String(repeating: "g", count: 64) + ".json",
            String(name.prefix(36)) + "-" + String(repeating: "é", count: 32) + ".json",
        ]
        for other in others { #expect(ExportName(other) == nil, "\(other)") }
    }
}
