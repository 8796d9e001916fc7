package import Storage

/// A place in a device's inbox as clients of sliding sync carry it: what is at or below it they have got.
///
/// It is bound to the database, as a sync token is: after a restore the same places will be given out again.
///
/// On the wire: a `TokenFrame` of `t`.
package enum InboxToken {
    private static let maxLength = 64

    package static func encode(_ place: InboxPlace, incarnation: UInt32) -> String {
        TokenFrame.encode("t", incarnation: incarnation) { place.append(to: &$0) }
    }

    /// - Returns: the place, and the database that it is of; `nil` for what is none of our tokens.
    package static func decode(_ text: String) -> (place: InboxPlace, incarnation: UInt32)? {
        guard let frame = TokenFrame(text, of: "t", maxLength: maxLength) else { return nil }
        var rest = frame.content
        guard let place = InboxPlace(next: &rest), rest.isEmpty else { return nil }
        return (place, frame.incarnation)
    }
}
