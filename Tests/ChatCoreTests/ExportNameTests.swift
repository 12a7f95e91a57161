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
        let session = name.prefix(36)
        var others: [String] = [
            "", "..", "../\(name)", "/\(name)", "\(name)/..", "\(name).part", "x\(name)", "\(name)\0",
        ]
        others.append(name.uppercased())
        others.append(String(name.dropFirst()))
        others.append(String(name.dropLast()))
        others.append(name.replacing("-", with: "/"))
        others.append(name.replacing(".json", with: ".md.json"))
        others.append(name.replacing(".json", with: ".html"))
        others.append("\(session)-\(String(repeating: "g", count: 64)).json")
        others.append("\(session)-\(String(repeating: "é", count: 32)).json")
        for other in others { #expect(ExportName(other) == nil, "\(other)") }
    }
}
