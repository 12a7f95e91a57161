import ChatCore
import Foundation
import Testing

@testable import ChatStorage

@Suite struct RowDecodingTests {
    @Test func integersOfEveryWidthAreRead() throws {
        let row = try ResultSet.make(
            types: [PostgresType.int2, PostgresType.int4, PostgresType.int8, PostgresType.int8],
            rows: [[[0xFF, 0xFE], [0, 0, 1, 0], [0x80, 0, 0, 0, 0, 0, 0, 0], [1, 2, 3]]]
        )[0]
        #expect(try row.integer(0) == -2)
        #expect(try row.integer(1) == 256)
        #expect(try row.integer(2) == .min)
        #expect(throws: PostgresError.self) { try row.integer(3) }
    }

    @Test func timestampsCountFromTheYear2000() throws {
        let row = try ResultSet.make(
            types: [PostgresType.timestampWithTimeZone, PostgresType.timestampWithTimeZone],
            rows: [[[0, 0, 0, 0, 0, 0, 0, 1], [0x7F, 255, 255, 255, 255, 255, 255, 255]]]
        )[0]
        #expect(try row.timestamp(0).microsecondsSince1970 == 946_684_800_000_001)
        #expect(throws: PostgresError.self) { try row.timestamp(1) }
    }

    @Test func jsonLosesItsVersionByte() throws {
        let row = try ResultSet.make(
            types: [PostgresType.jsonb, PostgresType.json, PostgresType.jsonb, PostgresType.jsonb],
            rows: [[[1] + Array("{}".utf8), Array("[]".utf8), [2] + Array("{}".utf8), []]]
        )[0]
        #expect(try row.json(0) == "{}")
        #expect(try row.json(1) == "[]")
        #expect(throws: PostgresError.self) { try row.json(2) }
        #expect(throws: PostgresError.self) { try row.json(3) }
    }

    @Test func aBrokenArrayIsRefused() throws {
        let one: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25]
        let broken: [[UInt8]] = [
            [], [0, 0, 0, 1], one, one + [0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 65],
            one + [255, 255, 255, 255, 0, 0, 0, 1], one + [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 65],
            one + [0, 0, 0, 1, 0, 0, 0, 1, 255, 255, 255, 255], [0, 0, 0, 2] + one.dropFirst(4),
        ]
        let result = try ResultSet.make(types: [PostgresType.textArray], rows: broken.map { [$0] })
        for (index, row) in result.enumerated() {
            #expect(throws: PostgresError.self, "array \(index)") { try row.textArray(0) }
        }
        let whole = one + [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 65]
        #expect(try ResultSet.make(types: [PostgresType.textArray], rows: [[whole]])[0].textArray(0) == ["A"])
    }

    @Test func whatIsNotThereThrows() throws {
        let result = try ResultSet.make(types: [PostgresType.text], rows: [[nil]])
        #expect(try result[0].optionalText(0) == nil)
        for (row, column) in [(0, 1), (0, -1), (1, 0), (-1, 0), (.max, .max)] {
            #expect(throws: PostgresError.self) { try result[row].optionalText(column) }
        }
        #expect(throws: PostgresError.self) { try result[0].text(0) }
        #expect(result.map { _ in 1 } == [1])
        #expect(try ResultSet.make().first == nil)
    }

    @Test func textFormatIsRefused() throws {
        let row = try ResultSet.make(types: [PostgresType.int8], format: 0, rows: [[Array("12345678".utf8)]])[0]
        #expect(throws: PostgresError.self) { try row.integer(0) }
    }

    @Test(arguments: [
        (PostgresValue.text("a"), [UInt8]("a".utf8)),
        (.integer(-1), [UInt8](repeating: 255, count: 8)),
        (.int32(1), [0, 0, 0, 1]),
        (.boolean(true), [1]),
        (.json("1"), [1, 0x31]),
        (.timestamp(Timestamp(microsecondsSince1970: 946_684_800_000_001)), [0, 0, 0, 0, 0, 0, 0, 1]),
        (.textArray([]), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25]),
        (
            .textArray(["A"]),
            [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 65]
        ),
    ])
    func parametersAreWrittenAsTheServerReadsThem(value: PostgresValue, expected: [UInt8]) {
        var bytes: [UInt8] = []
        #expect(value.append(to: &bytes))
        #expect(bytes == expected)
    }

    @Test func parametersLieOneAfterTheOther() throws {
        let statement = try EncodedStatement(Statement("", [.text("ab"), .null, .text(""), .boolean(false)]))
        #expect(statement.offsets == [0, 2, 2, 2])
        #expect(statement.lengths == [2, -1, 0, 1])
        #expect(statement.bytes == [97, 98, 0, 0])
        let many = Statement("", Array(repeating: .null, count: 65_536))
        #expect(throws: PostgresError.self) { try EncodedStatement(many) }
    }

    @Test func onlyASelectIsTakenForReading() {
        #expect(Statement(" \n select 1").effect == .readOnly)
        #expect(Statement("SELECT f()", effect: .mayWrite).effect == .mayWrite)
        for sql in ["INSERT INTO a", "WITH a AS (DELETE FROM b) SELECT 1", "", "SEL"] {
            #expect(Statement(sql).effect == .mayWrite, "\(sql)")
        }
    }
}
