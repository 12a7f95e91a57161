import CLibPQ

/// Object identifiers of PostgreSQL's built-in types (`pg_type.dat`); fixed for all versions.
enum PostgresType {
    static let unspecified: Oid = 0
    static let boolean: Oid = 16
    static let bytes: Oid = 17
    static let name: Oid = 19
    static let int8: Oid = 20
    static let int2: Oid = 21
    static let int4: Oid = 23
    static let text: Oid = 25
    static let json: Oid = 114
    static let float4: Oid = 700
    static let float8: Oid = 701
    static let textArray: Oid = 1009
    static let int8Array: Oid = 1016
    static let paddedCharacters: Oid = 1042
    static let variableCharacters: Oid = 1043
    static let timestampWithTimeZone: Oid = 1184
    static let uuid: Oid = 2950
    static let uuidArray: Oid = 2951
    static let jsonb: Oid = 3802
    /// Types made with `CREATE TYPE` start here; enumerations arrive as their label.
    static let firstUserDefined: Oid = 16384

    static func isText(_ type: Oid) -> Bool {
        switch type {
        case text, variableCharacters, paddedCharacters, name: true
        default: type >= firstUserDefined
        }
    }
}
