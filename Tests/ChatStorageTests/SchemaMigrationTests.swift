import Foundation
import Testing

@testable import ChatStorage

@Suite struct SchemaMigrationTests {
    /// Nothing enumerates the embedded files, so a file that is not listed would silently never be applied.
    @Test func everyFileOfTheDirectoryIsListed() throws {
        let directory = URL(filePath: #filePath)
            .deletingLastPathComponent()
            .appending(path: "../../Sources/ChatStorage/Migrations/Schema")
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
        #expect(SchemaMigration.all.map(\.fileName) == files)
        for migration in SchemaMigration.all {
            let text = try String(contentsOf: directory.appending(path: migration.fileName), encoding: .utf8)
            #expect(migration.sql == text)
        }
    }

    @Test func versionsCountFromOne() {
        #expect(SchemaMigration.all.map(\.version) == Array(1...SchemaMigration.all.count))
    }
}
