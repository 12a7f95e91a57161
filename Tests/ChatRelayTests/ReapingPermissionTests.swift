import Testing

@testable import ChatRelay

@Suite
struct ReapingPermissionTests {
    @Test("A reaper that has just started gives living nodes time first")
    func start() {
        var permission = ReapingPermission()
        #expect(permission.databaseAnswered() == .giveGrace)
        #expect(permission.databaseAnswered() == .reap)
        #expect(permission.databaseAnswered() == .reap)
    }

    @Test("After an outage, however long, living nodes get time again")
    func outage() {
        var permission = ReapingPermission()
        _ = permission.databaseAnswered()
        permission.databaseFailed()
        permission.databaseFailed()
        #expect(permission.databaseAnswered() == .giveGrace)
        #expect(permission.databaseAnswered() == .reap)
    }
}
