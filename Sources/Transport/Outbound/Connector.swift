import HTTPAPI
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Opens connections: looks the name up, judges the addresses, tries them in turn.
struct Connector: Sendable {
    let configuration: OutboundConfiguration
    let tlsContext: NIOSSLContext
    let resolver: any NameResolver
    let eventLoopGroup: MultiThreadedEventLoopGroup

    /// - Throws: `OutboundError` for the last address that was tried.
    func connect(_ key: ConnectionPool.Key, deadline: NIODeadline) async throws -> OutboundConnection {
        let addresses = try await allowedAddresses(of: key.host)
        var failure: any Error = OutboundError.nameNotFound
        for address in addresses.prefix(configuration.maximumAddresses) {
            let left = deadline - .now()
            guard left > .zero else { throw OutboundError.timedOut }
            do {
                return try await connect(to: address, key, timeout: min(left, TimeAmount(configuration.connectTimeout)))
            } catch {
                try Task.checkCancellation()
                failure = error
            }
        }
        if deadline <= .now() { throw OutboundError.timedOut }
        throw failure
    }

    private func allowedAddresses(of host: String) async throws -> [IPAddress] {
        let addresses: [IPAddress]
        if let literal = IPAddress(host) {
            addresses = [literal]
        } else {
            do {
                addresses = try await resolver.addresses(of: host)
            } catch {
                throw error == .malformedName ? OutboundError.nameNotFound : OutboundError.lookUpFailed
            }
        }
        guard !addresses.isEmpty else { throw OutboundError.nameNotFound }
        let allowed = addresses.filter(configuration.addressPolicy.allows)
        guard !allowed.isEmpty else { throw OutboundError.addressRefused }
        return allowed
    }

    /// Connects to exactly this address: nothing is looked up between the judgement and the connection.
    private func connect(
        to address: IPAddress, _ key: ConnectionPool.Key, timeout: TimeAmount
    ) async throws -> OutboundConnection {
        let socketAddress: SocketAddress
        do {
            socketAddress = try SocketAddress(ipAddress: address.description, port: key.port)
        } catch {
            throw OutboundError.connectionFailed("\(error)")
        }
        let started = NIODeadline.now()
        do {
            let (connection, ready) = try await open(socketAddress, key, timeout: timeout)
            try await connection.ready(ready, within: timeout - (.now() - started))
            return connection
        } catch let error as ChannelError {
            if case .connectTimeout = error { throw OutboundError.timedOut }
            throw OutboundError.connectionFailed("\(error)")
        } catch let error as OutboundError {
            throw error
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw OutboundError.connectionFailed("\(error)")
        }
    }

    private func open(
        _ address: SocketAddress, _ key: ConnectionPool.Key, timeout: TimeAmount
    ) async throws -> (OutboundConnection, EventLoopFuture<Void>) {
        let context = tlsContext
        // Names of hosts go into the handshake; for an address the certificate must name the address.
        let name = IPAddress(key.certificateName) == nil ? key.certificateName : nil
        let checkedHost = configuration.verifiesTLS && key.isTLS ? name : nil
        let bootstrap = ClientBootstrap(group: eventLoopGroup).connectTimeout(timeout)
            .channelOption(.socketOption(.so_keepalive), value: 1).channelOption(.tcpOption(.tcp_nodelay), value: 1)
        return try await bootstrap.connect(to: address) { channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                if key.isTLS { try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: name)) }
                try pipeline.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
                let ready = channel.eventLoop.makePromise(of: Void.self)
                let exchange = OutboundExchange(isTLS: key.isTLS, checkedHost: checkedHost, ready: ready)
                try pipeline.addHandler(exchange)
                return (OutboundConnection(channel: channel, exchange: exchange), ready.futureResult)
            }
        }
    }
}
