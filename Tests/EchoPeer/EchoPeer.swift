import ArgumentParser
import ChatGateway
import NIOCore
import NIOPosix

/// Sends back every message, text or binary, through the gateway's own pipeline: what the Autobahn suite is run
/// against.
@main
struct EchoPeer: AsyncParsableCommand {
    @Option(help: "The port to listen on, at 127.0.0.1.")
    var port: Int

    @Option(help: "Size of the largest message, fragments summed.")
    var maxMessageBytes = 16 << 20

    func run() async throws {
        let acceptor = EchoAcceptor(
            limits: MessageDecoder.Limits(messageBytes: maxMessageBytes, acceptsBinary: true)
        )
        let listener = try await HandshakePipeline.bootstrap(acceptor).bind(host: "127.0.0.1", port: port).get()
        try await listener.closeFuture.get()
    }
}
