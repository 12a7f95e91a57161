import ArgumentParser
import ChatCore
import ChatRuntime
import ChatStorage
import Logging

extension App {
    /// Applies the schema.
    struct Migrate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Apply the database schema; safe to run from many nodes at once."
        )

        @Argument(parsing: .allUnrecognized, help: "Settings as --name value; see docs/configuration.md.")
        var settings: [String] = []

        func run() async {
            await administer(settings) { database in
                let applied = try await SchemaMigrator(client: database).migrate()
                for name in applied { print("applied \(name)") }
                if applied.isEmpty { print("the schema is up to date") }
            }
        }
    }

    /// Signs a development token.
    struct Token: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sign a development token with the configured secret."
        )

        @Option(help: "The client the token stands for.")
        var clientID: String

        @Flag(help: "Give the token the scope chat-engine:admin.")
        var admin = false

        @Option(help: "Seconds until the token ends.")
        var expiresIn = 86_400

        @Argument(parsing: .allUnrecognized, help: "Settings as --name value; see docs/configuration.md.")
        var settings: [String] = []

        func validate() throws {
            guard ClientID(clientID) != nil else { throw ValidationError("--client-id is no valid client id") }
            guard (1...(86_400 * 3650)).contains(expiresIn) else {
                throw ValidationError("--expires-in must be between 1 and \(86_400 * 3650) seconds")
            }
        }

        func run() async {
            do {
                guard let client = ClientID(clientID) else { return }
                let configuration = try await TokenConfiguration.read(arguments: settings)
                let signer = TokenSigner(configuration)
                print(
                    try await signer.sign(clientID: client, isAdministrator: admin, expiresInSeconds: expiresIn)
                )
            } catch {
                ProcessRunner.fail(error)
            }
        }
    }

    /// Administers session types without a token, straight in the database.
    struct SessionTypes: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "session-type",
            abstract: "Administer session types straight in the database.",
            subcommands: [Add.self, List.self]
        )

        struct Add: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Add a session type and print its id.")

            @Option(help: "A UUID, for reproducible set-ups; made when it is not given.")
            var id: String?
            @Option(help: "What people call it.")
            var name: String
            @Option(help: "Where its backend is.")
            var webhookURL: String
            @Option(help: "What it is for.")
            var description: String?
            @Option(help: "Bound of a backend's silence, 1…300.")
            var timeoutSeconds: Int?

            @Argument(parsing: .allUnrecognized, help: "Settings as --name value; see docs/configuration.md.")
            var settings: [String] = []

            func run() async {
                await administer(settings) { database in
                    var body: JSONObject = ["name": .string(name), "webhook_url": .string(webhookURL)]
                    if let id { body["session_type_id"] = .string(id) }
                    if let description { body["description"] = .string(description) }
                    if let timeoutSeconds { body["timeout_seconds"] = .integer(timeoutSeconds) }
                    let type = try SessionType(body: .object(body))
                    try await SessionTypeRepository(client: database).createSessionType(type)
                    print(type.id)
                }
            }
        }

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Print the session types, one JSON object a line."
            )

            @Argument(parsing: .allUnrecognized, help: "Settings as --name value; see docs/configuration.md.")
            var settings: [String] = []

            func run() async {
                await administer(settings) { database in
                    for type in try await SessionTypeRepository(client: database).sessionTypes() {
                        print(type.administrationJSON.text)
                    }
                }
            }
        }
    }
}

/// Does something with the database, and ends the process with one line and 1 when that fails.
func administer(_ settings: [String], _ work: @Sendable @escaping (PostgresClient) async throws -> Void) async {
    do {
        let configuration = try await AdministrationConfiguration.read(arguments: settings)
        Bootstrap.start(configuration.logging, nodeName: nil)
        let database = PostgresClient(
            configuration: PostgresConfiguration(
                connectionString: configuration.database.url,
                poolSize: 1,
                statementTimeoutMilliseconds: configuration.database.statementTimeoutMilliseconds,
                applicationName: "chat-engine-administration"
            ),
            logger: Logger(label: "chat-engine-api")
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await database.run() }
            try await work(database)
            group.cancelAll()
        }
    } catch {
        ProcessRunner.fail(error)
    }
}
