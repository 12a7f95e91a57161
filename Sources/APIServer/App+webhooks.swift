import ArgumentParser
import ChatCore
import ChatRuntime
import ChatStorage

extension App {
    /// Shows background events that backends have not taken, and has them delivered once more.
    struct Webhooks: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "webhook",
            abstract: "Look after the background events for backends, straight in the database.",
            subcommands: [List.self, Redeliver.self]
        )

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Print the newest background events, those not delivered unless told otherwise."
            )

            @Option(help: "Only those in this state: \(DeliveryRecord.State.allNames). Can be repeated.")
            var state: [String] = []
            @Option(help: "Only those of this session type.")
            var sessionType: String?
            @Option(help: "How many at most, 1…10000.")
            var limit = 100
            @Flag(help: "Print one JSON object a line.")
            var json = false

            @Argument(parsing: .allUnrecognized, help: "Settings as --name value; see docs/configuration.md.")
            var settings: [String] = []

            func validate() throws {
                guard state.allSatisfy({ DeliveryRecord.State(rawValue: $0) != nil }) else {
                    throw ValidationError("--state is one of \(DeliveryRecord.State.allNames)")
                }
                guard (1...10_000).contains(limit) else {
                    throw ValidationError("--limit must be between 1 and 10000")
                }
                try Webhooks.validate(sessionType: sessionType)
            }

            func run() async {
                let states = state.compactMap { DeliveryRecord.State(rawValue: $0) }
                let type = sessionType.flatMap { SessionTypeID($0) }
                await administer(settings) { database in
                    let records = try await WebhookOutboxRepository(client: database).deliveries(
                        in: states.isEmpty ? [.waiting, .dead] : Set(states),
                        of: type,
                        limit: limit
                    )
                    for line in json ? records.map(\.json.text) : DeliveryTable(records).lines { print(line) }
                }
            }
        }

        struct Redeliver: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Have dead background events delivered once more, and print their ids."
            )

            @Option(help: "The webhook-id of an event. Can be repeated.")
            var id: [String] = []
            @Flag(help: "All that are dead.")
            var all = false
            @Option(help: "Of those, only what is for this session type.")
            var sessionType: String?
            @Flag(help: "Print one JSON object a line.")
            var json = false

            @Argument(parsing: .allUnrecognized, help: "Settings as --name value; see docs/configuration.md.")
            var settings: [String] = []

            func validate() throws {
                guard all == id.isEmpty else { throw ValidationError("Give either --id or --all") }
                for id in id where DeliveryID(id) == nil { throw ValidationError("--id \(id) is no webhook-id") }
                try Webhooks.validate(sessionType: sessionType)
            }

            func run() async {
                let ids = id.compactMap { DeliveryID($0) }
                let type = sessionType.flatMap { SessionTypeID($0) }
                await administer(settings) { database in
                    let outbox = WebhookOutboxRepository(client: database)
                    let redelivered = try await outbox.redeliver(all ? nil : ids, of: type)
                    for id in redelivered {
                        let line: JSONValue = ["webhook_id": .string(id.description)]
                        print(json ? line.text : id.description)
                    }
                    let missing = Set(ids).subtracting(redelivered).map(\.description).sorted()
                    if !missing.isEmpty {
                        ProcessRunner.fail("not dead, or unknown: \(missing.joined(separator: ", "))")
                    }
                }
            }
        }

        private static func validate(sessionType: String?) throws {
            guard let sessionType, SessionTypeID(sessionType) == nil else { return }
            throw ValidationError("--session-type \(sessionType) is no UUID")
        }
    }
}

extension DeliveryRecord.State {
    fileprivate static var allNames: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

/// Background events in columns, for people.
private struct DeliveryTable {
    let lines: [String]

    init(_ records: [DeliveryRecord]) {
        let header = ["WEBHOOK-ID", "EVENT", "STATE", "ATTEMPTS", "CREATED", "SESSION TYPE", "LAST ERROR"]
        let rows =
            [header]
            + records.map { record in
                [
                    record.id.description, record.name.rawValue, record.state.rawValue, "\(record.attempts)",
                    record.createdAt.description, record.sessionTypeID.description, Self.oneLine(record.lastError),
                ]
            }
        let widths = header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        lines = rows.map { row in
            var line = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: max(0, width - cell.count))
            }.joined(separator: "  ")
            while line.hasSuffix(" ") { line.removeLast() }
            return line
        }
    }

    /// What a terminal shows as it is.
    private static func oneLine(_ text: String?) -> String {
        guard let text else { return "" }
        return String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 })
        )
    }
}
