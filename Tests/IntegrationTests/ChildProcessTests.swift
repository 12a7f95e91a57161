import Glibc
import TestSupport
import Testing

/// What the other tests start their processes with.
struct ChildProcessTests {
    @Test func `A child gets its arguments, environment and directory, and no file of its parent`() async throws {
        let descriptor = open("/dev/null", O_RDONLY)
        try #require(descriptor > STDERR_FILENO)
        defer { close(descriptor) }
        let script = #"printf '%s|%s|%s|' "$1" "$GREETING" "$PWD"; echo /proc/self/fd/*"#
        let printed = try await ChildProcess.check(
            "sh",
            ["-c", script, "sh", "an argument"],
            environment: ["GREETING": "hello"],
            directory: "/usr"
        )
        // The last one is the directory that the shell reads.
        #expect(printed == "an argument|hello|/usr|/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3\n")
    }

    @Test func `How a child ended is told`() async throws {
        let failed = try await ChildProcess.run("sh", ["-c", "echo out; echo err >&2; exit 3"])
        #expect(failed.status == ChildProcess.ExitStatus(code: 3, isSignal: false))
        #expect(failed.standardOutput == "out\n")
        #expect(failed.standardError == "err\n")

        let sleeping = try await ChildProcess.start("sleep", ["1000"])
        #expect(sleeping.isRunning)
        #expect(await sleeping.stop() == ChildProcess.ExitStatus(code: SIGTERM, isSignal: true))
        #expect(!sleeping.isRunning)

        let missing = try await ChildProcess.run("chat-engine-no-such-program", [])
        #expect(missing.status == ChildProcess.ExitStatus(code: 127, isSignal: false))
    }
}
