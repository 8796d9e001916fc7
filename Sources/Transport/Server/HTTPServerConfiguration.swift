package import NIOSSL

/// Where a server listens, and how much it bears with.
package struct HTTPServerConfiguration: Sendable {
    package var host: String
    /// 0 takes any free port; `HTTPServer.run` tells which.
    package var port: Int
    /// Nil for HTTP without encryption, behind a load balancer.
    package var tls: TLSConfiguration?
    package var limits = ConnectionLimits()
    /// Connections above this wait in the kernel's queue.
    package var maximumConnections = 20_000
    /// How long running requests may take to end after the shutdown began; then they are cancelled.
    package var shutdownLimit = Duration.seconds(8)

    package init(host: String, port: Int, tls: TLSConfiguration? = nil) {
        self.host = host
        self.port = port
        self.tls = tls
    }

    /// TLS from the files of an operator.
    ///
    /// - Parameters:
    ///   - certificatePath: PEM, the server's own certificate first, then the chain.
    ///   - keyPath: PEM.
    /// - Throws: what is wrong with the files.
    package static func tls(certificatePath: String, keyPath: String) throws -> TLSConfiguration {
        let chain = try NIOSSLCertificate.fromPEMFile(certificatePath).map { NIOSSLCertificateSource.certificate($0) }
        let key = try NIOSSLPrivateKey(file: keyPath, format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        return configuration
    }
}

/// What one connection may cost. All of them are generous to slow phones and closed to those who only hold on.
package struct ConnectionLimits: Sendable, Equatable {
    /// A new connection must have sent its first request's head by then, TLS handshake included.
    package var firstHead = Duration.seconds(30)
    /// A connection without a running request is closed then. Load balancers keep theirs shorter than this.
    package var idle = Duration.seconds(75)
    /// A body may take this long whatever its size...
    package var bodyGrace = Duration.seconds(30)
    /// ... and then as much longer as this rate allows.
    package var minimumBodyBytesPerSecond = 4096
    /// A client that reads nothing of its answer for so long is gone.
    package var stalledWrite = Duration.seconds(60)
    /// How much more of a body is read once its request is answered, in bytes. A connection that is closed on data which nobody
    /// read is reset, and then the client, or the proxy before us, may lose the answer; so it is what honest clients send.
    package var unwantedBodyBytes = 64 << 20
    /// A client that closed its side has gone; whatever runs for it is cancelled after this.
    package var afterInputClosed = Duration.seconds(1)
    package var headBytes = 64 * 1024
    package var headerFieldBytes = 32 * 1024
    package var headerFields = 100

    package init() {}
}
