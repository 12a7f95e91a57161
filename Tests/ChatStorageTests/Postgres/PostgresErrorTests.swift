import ChatCore
import Testing

@testable import ChatStorage

@Suite struct PostgresErrorTests {
    @Test(arguments: [
        PostgresError.Code.notConnected, .poolTimeout, .poolFull, .shuttingDown, .connectionLost, .outcomeUnknown,
        .timedOut, .cancelled, .server(sqlState: "08006"), .server(sqlState: "53300"), .server(sqlState: "57P03"),
        .server(sqlState: "40001"), .server(sqlState: "40P01"),
    ])
    func whatTimeMayCureIsUnavailable(code: PostgresError.Code) {
        #expect(PostgresError(code).chatError.code == .serviceUnavailable)
    }

    @Test(arguments: [
        PostgresError.Code.decoding, .protocolViolation, .invalidParameter, .invalidConnectionString,
        .server(sqlState: "23505"), .server(sqlState: "42P01"), .server(sqlState: "57014"),
    ])
    func theRestIsOurOwnFault(code: PostgresError.Code) {
        #expect(PostgresError(code).chatError.code == .internalError)
    }

    @Test func anUnknownOutcomeSaysSo() throws {
        let error = PostgresError(.outcomeUnknown).chatError
        let cause = try #require(error.underlyingError as? UnknownOutcomeError)
        #expect((cause.underlyingError as? PostgresError)?.code == .outcomeUnknown)
    }

    @Test func theDescriptionQuotesNoValues() {
        let error = PostgresError(.server(sqlState: "22P02"), "bad: secret", table: "message", detail: "secret")
        #expect(!error.description.contains("secret"))
        #expect(error.description.contains("22P02"))
        #expect(error.description.contains("message"))
    }
}
