/// What carries hints between workers: everything on it may be lost, and nothing waits for it.
///
/// Owned here so that one process alone (`apus serve` without Redis) needs none.
package protocol HintBus: Sendable {
    /// Whether hints arrive, as far as is known: what others do is then heard of within a few milliseconds.
    var isConnected: Bool { get }

    /// Tells everybody who subscribes to the channel, this process included. Never waits; without a connection it is lost.
    func publish(_ payload: [UInt8], to channel: String)

    /// From now on `receive` is called with what is published, in order for each channel. It must not block.
    func subscribe(to channel: String, _ receive: @escaping @Sendable ([UInt8]) -> Void)

    /// Tells everybody, together with a serial that is higher than all before it, in the order of the serials.
    ///
    /// - Returns: whether it went out: if not, the caller is on its own.
    func publishStamped(_ payload: [UInt8], to channel: String) async -> Bool

    /// As `subscribe`, for what was published with a serial.
    func subscribeStamped(
        to channel: String, _ receive: @escaping @Sendable (_ serial: Int64, _ payload: [UInt8]) -> Void)

    /// `changed` is called when hints begin to arrive (again), because some may have been lost before.
    func observeConnection(_ connected: @escaping @Sendable () -> Void)
}

/// The bus of a process that is alone: nobody listens.
package struct NoHints: HintBus {
    package var isConnected: Bool { false }

    package init() {}
    package func publish(_ payload: [UInt8], to channel: String) {}
    package func subscribe(to channel: String, _ receive: @escaping @Sendable ([UInt8]) -> Void) {}
    package func publishStamped(_ payload: [UInt8], to channel: String) async -> Bool { false }
    package func subscribeStamped(
        to channel: String, _ receive: @escaping @Sendable (_ serial: Int64, _ payload: [UInt8]) -> Void
    ) {}
    package func observeConnection(_ connected: @escaping @Sendable () -> Void) {}
}
