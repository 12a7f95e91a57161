internal import ChatCore
internal import Logging

/// One log record, ready to be rendered.
struct LogRecord {
    /// Longest text of a message or a metadata value, in UTF-8 bytes; the rest is cut off.
    static let maximumTextBytes = 8192

    var time: Timestamp
    var level: Logger.Level
    var message: String
    var label: String
    var metadata: Logger.Metadata

    /// A JSON object and a line feed; metadata follows the four fixed members, in order of its keys.
    var json: [UInt8] {
        var writer = JSONWriter(reservingCapacity: 512)
        writer.beginObject()
        writer.name("timestamp")
        writer.string(time.description)
        writer.name("level")
        writer.string(level.rawValue)
        writer.name("message")
        writer.string(Self.bounded(message))
        writer.name("logger")
        writer.string(label)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            writer.name(Self.fixedNames.contains(key) ? key + "_" : key)
            Self.write(value, to: &writer)
        }
        writer.endObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// A line for people, control characters escaped, so that no record looks like two.
    var text: [UInt8] {
        let name = level.rawValue
        let padding = String(repeating: " ", count: max(0, 8 - name.count))
        var line = "\(time) \(name)\(padding) \(label): \(Self.escaped(Self.bounded(message)))"
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            line += " \(key)=\(Self.escaped(Self.bounded(value.description)))"
        }
        return Array(line.utf8) + [UInt8(ascii: "\n")]
    }

    private static let fixedNames: Set<String> = ["timestamp", "level", "message", "logger"]

    private static func write(_ value: Logger.MetadataValue, to writer: inout JSONWriter) {
        switch value {
        case .string(let text): writer.string(bounded(text))
        case .stringConvertible(let value): writer.string(bounded(value.description))
        case .array(let elements):
            writer.beginArray()
            for element in elements { write(element, to: &writer) }
            writer.endArray()
        case .dictionary(let members):
            writer.beginObject()
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                writer.name(name)
                write(member, to: &writer)
            }
            writer.endObject()
        }
    }

    private static func bounded(_ text: String) -> String {
        guard text.utf8.count > maximumTextBytes else { return text }
        return String(decoding: text.utf8.prefix(maximumTextBytes), as: UTF8.self) + "…"
    }

    private static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if scalar.value < 0x20 || scalar.value == 0x7F {
                result += scalar.escaped(asASCII: true)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
