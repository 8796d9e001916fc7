/// A system call of the reactor that failed.
package struct ReactorError: Error, Sendable, CustomStringConvertible {
    /// The system call, for instance `epoll_ctl`.
    package let call: String
    /// `errno` as it left it.
    package let code: Int32

    package init(call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    package var description: String { "\(call) failed with errno \(code)" }
}
