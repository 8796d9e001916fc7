import MatrixCore

/// Messages to devices, and what encryption needs.
///
/// No keys are uploaded and no messages are sent to devices through this server: there are no endpoints for them. So the
/// answers are what they are for a device without any.
struct EndToEndExtensions: Sendable {
    /// Where messages to devices begin.
    private static let beginning = "0"

    func toDevice(_ request: SlidingExtensionRequests.ToDevice) -> SlidingExtensions.ToDevice {
        // As long as nothing comes, the client goes on from where it is.
        SlidingExtensions.ToDevice(nextBatch: request.since ?? Self.beginning)
    }

    /// - Parameter isFirst: the first answer of a connection tells no changes.
    func endToEnd(isFirst: Bool) -> SlidingExtensions.EndToEnd {
        SlidingExtensions.EndToEnd(devices: isFirst ? nil : ([], []))
    }
}
