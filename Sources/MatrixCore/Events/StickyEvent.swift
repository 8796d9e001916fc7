/// Message events that stay with the members of a room for a while.
///
/// - Spec: MSC4354
package enum StickyEvent {
    /// The top-level member that says for how long, as long as it has no other name.
    package static let key = "msc4354_sticky"
    static let durationKey = "duration_ms"
    /// Nothing is sticky for longer than an hour.
    package static let maxMilliseconds: Int64 = 3_600_000
}

extension Event {
    /// For how many milliseconds the event is sticky; `nil` when it is not, or says so in no valid way.
    package var stickyMilliseconds: Int64? {
        guard let duration = json[StickyEvent.key]?[StickyEvent.durationKey]?.int,
            (0...StickyEvent.maxMilliseconds).contains(duration)
        else { return nil }
        return duration
    }

    /// When it is sticky no more, in milliseconds since 1970; `nil` when it never was.
    ///
    /// It begins when it was received at the latest, so that nobody reserves the future.
    package func stickyEnd(receivedAt: Int64) -> Int64? {
        guard let duration = stickyMilliseconds else { return nil }
        let (end, overflows) = min(receivedAt, originServerTS).addingReportingOverflow(duration)
        return overflows ? nil : end
    }
}
