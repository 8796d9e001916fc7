internal import CLinux

/// What a file descriptor is ready for, or what its owner wants to hear about.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    package static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The peer is gone or the descriptor failed. Always reported, whether asked for or not.
    package static let broken = Readiness(rawValue: EPOLLERR.rawValue | EPOLLHUP.rawValue)
}

/// Whoever owns a file descriptor that a reactor watches.
///
/// Called on the reactor's thread only, so a handler keeps its state without locks, and must never block.
package protocol ReactorHandler: AnyObject {
    func ready(_ readiness: Readiness, on loop: ReactorLoop)
}
