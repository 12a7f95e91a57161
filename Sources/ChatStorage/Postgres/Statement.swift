/// One SQL command with `$1`…`$n` and its parameters.
///
/// It is prepared once per connection and kept there by its text and parameter types, so the text is best a constant.
struct Statement: Hashable, Sendable {
    /// What a lost connection can leave in doubt.
    enum Effect: Hashable, Sendable {
        case readOnly
        case mayWrite
    }

    let sql: String
    let parameters: [PostgresValue]
    let effect: Effect

    /// Without `effect` a statement that begins with `SELECT` counts as reading only; a `SELECT` that calls a writing
    /// function has to say `.mayWrite`.
    init(_ sql: String, _ parameters: [PostgresValue] = [], effect: Effect? = nil) {
        self.sql = sql
        self.parameters = parameters
        self.effect = effect ?? Self.derivedEffect(of: sql)
    }

    private static func derivedEffect(of sql: String) -> Effect {
        let word = sql.utf8.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }.prefix(6)
        return word.elementsEqual("select".utf8) { $0 | 0x20 == $1 } ? .readOnly : .mayWrite
    }
}
