internal import Glibc

/// A short-lived thread for a call that may block: resolving a name, connecting, a TLS handshake.
///
/// Neither the reactor's thread nor the cooperative pool may wait for these. The callers bound how many there are: each
/// connection has one attempt at a time.
package enum BlockingThread {
    private final class Job {
        let work: @Sendable () -> Void
        init(_ work: @escaping @Sendable () -> Void) { self.work = work }
    }

    /// - Returns: false when the system gives no thread; then `work` does not run.
    package static func run(_ work: @escaping @Sendable () -> Void) -> Bool {
        let job = Unmanaged.passRetained(Job(work))
        var thread = pthread_t()
        guard pthread_create(&thread, nil, threadMain, job.toOpaque()) == 0 else {
            job.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    private static let threadMain: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
        guard let context else { return nil }
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        Unmanaged<Job>.fromOpaque(context).takeRetainedValue().work()
        return nil
    }
}
