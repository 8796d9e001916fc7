package import MatrixCore

/// What a client asks of a sync.
package struct SyncRequest: Sendable {
    /// The longest that a request waits.
    package static let maxTimeout = Duration.seconds(120)

    package var user: UserNID
    package var deviceID: String?
    package var since: String?
    /// The id of a filter, or one in JSON.
    package var filter: String?
    package var timeout = Duration.zero
    package var fullState = false
    package var usesStateAfter = false
    /// Whether the device is given what waits for it; who comes back has got that then.
    package var takesMessages = true

    package init(user: UserNID, deviceID: String?) {
        self.user = user
        self.deviceID = deviceID
    }
}
