import Testing

@testable import ChatCore

@Suite struct SendMultiTests {
    @Test(arguments: [([10, 30, 20], 30), ([7], 7), ([10, nil], nil), ([nil, nil], nil)] as [([Int?], Int?)])
    func asMuchHistoryIsReadAsTheyNeed(limits: [Int?], needed: Int?) {
        let types = limits.map { limit in
            var type = SessionType(id: .make(), name: "type", webhookURL: "http://127.0.0.1:1/")
            type.historyLimit = limit
            return type
        }
        #expect(SendMulti.historyLimit(of: types) == needed)
    }
}
