internal import CLinux
internal import Glibc
internal import Synchronization

/// One thread that waits with epoll on behalf of C libraries which bring their own sockets.
///
/// libpq and hiredis cannot live in NIO's event loops: those have no public way to watch a foreign descriptor. Measured
/// against threads that block and against Dispatch sources, one epoll thread costs the least CPU for each query.
///
/// Everything that belongs to the thread is reached through the `ReactorLoop` that it hands to submitted work, to
/// handlers and to timers. That loop is not `Sendable`: holding one proves that the code runs on the thread.
package final class Reactor: Sendable {
    package typealias Work = @Sendable (ReactorLoop) -> Void

    private struct Inbox {
        var work: [Work] = []
        var stopWaiters: [CheckedContinuation<Void, Never>] = []
        /// The thread is in `epoll_wait`, or is about to be: whoever submits must wake it.
        var asleep = false
        var stopping = false
        var stopped = false

        /// Whether the caller must wake the thread. Only when it sleeps, and only one caller: under load submitting
        /// costs a lock and an append, no system call.
        mutating func takeSleep() -> Bool {
            defer { asleep = false }
            return asleep
        }
    }

    private let name: String
    private let epoll: Int32
    private let wakeup: Int32
    private let inbox = Mutex(Inbox())

    /// Starts the thread. It runs until `shutdown()`.
    ///
    /// - Parameter name: what the system shows for the thread, cut to 15 bytes.
    package init(name: String = "reactor") throws(ReactorError) {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw ReactorError(call: "epoll_create1", code: errno) }
        wakeup = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
        guard wakeup >= 0 else {
            let code = errno
            close(epoll)
            throw ReactorError(call: "eventfd", code: code)
        }
        self.name = name
        try startThread()
    }

    /// Nobody who could submit or wait is left, and the thread, which holds the reactor, has ended.
    deinit {
        close(wakeup)
        close(epoll)
    }

    /// Runs `work` on the reactor's thread, after what was submitted before it.
    ///
    /// - Returns: false when the reactor is shut down: then `work` never runs.
    @discardableResult
    package func submit(_ work: @escaping Work) -> Bool {
        let (accepted, mustWake) = inbox.withLock { inbox in
            guard !inbox.stopped else { return (false, false) }
            inbox.work.append(work)
            return (true, inbox.takeSleep())
        }
        if mustWake { wake() }
        return accepted
    }

    /// Ends the thread after it ran what is submitted by now. Timers that are not due and descriptors that are still
    /// watched are forgotten; their owners close them first. Returns when the thread has left its loop.
    package func shutdown() async {
        await withCheckedContinuation { continuation in
            let (ended, mustWake) = inbox.withLock { inbox in
                guard !inbox.stopped else { return (true, false) }
                inbox.stopping = true
                inbox.stopWaiters.append(continuation)
                return (false, inbox.takeSleep())
            }
            if ended { continuation.resume() }
            if mustWake { wake() }
        }
    }

    private func wake() {
        var one: UInt64 = 1
        _ = write(wakeup, &one, 8)
    }

    private func startThread() throws(ReactorError) {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        let code = pthread_create(&thread, nil, Self.threadMain, context)
        guard code == 0 else {
            Unmanaged<Reactor>.fromOpaque(context).release()
            throw ReactorError(call: "pthread_create", code: code)
        }
        pthread_detach(thread)
    }

    private static let threadMain: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
        guard let context else { return nil }
        // Signals are for the threads that handle them. SIGPIPE most of all must not reach writes to lost peers.
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        Unmanaged<Reactor>.fromOpaque(context).takeRetainedValue().run()
        return nil
    }

    private func run() {
        clinux_name_thread(name)
        let loop = ReactorLoop(epoll: epoll, wakeup: wakeup)
        var work: [Work] = []
        while true {
            let stopping = inbox.withLock { inbox in
                swap(&work, &inbox.work)
                inbox.asleep = work.isEmpty && !inbox.stopping
                return inbox.stopping
            }
            if stopping && work.isEmpty { break }
            for item in work { item(loop) }
            let idle = work.isEmpty
            work.removeAll(keepingCapacity: true)
            loop.turn(mayWait: idle)
            if idle { inbox.withLock { $0.asleep = false } }
        }
        end(loop)
    }

    /// What was submitted while the last turn ended was accepted, so it runs as well.
    private func end(_ loop: ReactorLoop) {
        let left = inbox.withLock { inbox in
            inbox.stopped = true
            var left: [Work] = []
            swap(&left, &inbox.work)
            return left
        }
        for item in left { item(loop) }
        let waiters = inbox.withLock { inbox in
            var waiters: [CheckedContinuation<Void, Never>] = []
            swap(&waiters, &inbox.stopWaiters)
            return waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
