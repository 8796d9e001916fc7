import HTTPAPI
import MatrixCore

/// What a client may ask for besides sending an event: that it is sent later, and that it is sticky.
///
/// - Spec: MSC4140 as clients know it that ask with `/send` and `/state`, and MSC4354
package struct SendingOptions: Sendable {
    let delayMilliseconds: Int64?
    let stickyMilliseconds: Int64?

    init(from input: borrowing RequestInput) throws(MatrixError) {
        delayMilliseconds = try input.query(optional: "org.matrix.msc4140.delay") { Int64($0) }
        stickyMilliseconds = try Self.stickiness(from: input)
    }

    static func stickiness(from input: borrowing RequestInput) throws(MatrixError) -> Int64? {
        try input.query(optional: "org.matrix.msc4354.sticky_duration_ms") { text in
            Int64(text).flatMap { (0...StickyEvent.maxMilliseconds).contains($0) ? $0 : nil }
        }
    }
}
