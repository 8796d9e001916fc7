import Glibc
import Synchronization

/// Standard error, one write a line, so that lines of several threads never mix.
package final class StandardErrorSink: LogSink {
    private let turn = Mutex(())

    package init() {}

    package func write(line: [UInt8]) {
        turn.withLock { _ in
            line.withUnsafeBytes { bytes in
                var offset = 0
                while offset < bytes.count {
                    let written = Glibc.write(STDERR_FILENO, bytes.baseAddress! + offset, bytes.count - offset)
                    if written > 0 {
                        offset += written
                    } else if written < 0, errno == EINTR {
                        continue
                    } else {
                        // Nobody reads the log any more. Losing a line is better than ending the server over it.
                        return
                    }
                }
            }
        }
    }
}
