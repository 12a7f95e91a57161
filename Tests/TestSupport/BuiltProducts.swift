import Foundation

/// Where the executables of this package are: beside the test bundle that was built with them.
public enum BuiltProducts {
    /// The path of an executable product.
    ///
    /// - Throws: ``TestSupportError`` when it was not built.
    public static func path(of product: String) throws -> String {
        let directories = candidates()
        for directory in directories {
            let path = directory.appendingPathComponent(product).path
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        let places = directories.map(\.path).joined(separator: ", ")
        throw TestSupportError("\(product) is not built: it is neither in \(places)")
    }

    private static func candidates() -> [URL] {
        let arguments = CommandLine.arguments
        let bundle = arguments.firstIndex(of: "--test-bundle-path").flatMap { index in
            arguments.dropFirst(index + 1).first
        }
        let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return [link, bundle, arguments.first].compactMap { $0 }.map {
            URL(fileURLWithPath: $0).resolvingSymlinksInPath().deletingLastPathComponent()
        }
    }
}
