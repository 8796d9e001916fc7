import Cluster
import MatrixCore

/// Messages to devices, and what encryption needs.
struct EndToEndExtensions: Sendable {
    /// Where messages to devices begin.
    private static let beginning = "0"

    let sources: DeviceNewsSources

    func toDevice(_ request: SlidingExtensionRequests.ToDevice) -> SlidingExtensions.ToDevice {
        // As long as nothing comes, the client goes on from where it is.
        SlidingExtensions.ToDevice(nextBatch: request.since ?? Self.beginning)
    }

    /// - Parameter since: `nil` in the first answer of a connection, which tells no changes.
    func endToEnd(
        of deviceID: String?, _ view: UserView, since: SyncToken?
    ) async throws -> SlidingExtensions.EndToEnd {
        var told = SlidingExtensions.EndToEnd()
        if let since { told.lists = try await sources.listChanges(of: view, since: since) }
        told.keys = try await sources.keyCounts(of: deviceID, view)
        return told
    }

    /// When nothing happened.
    func quiet(of deviceID: String?, _ view: UserView) async throws -> SlidingExtensions.EndToEnd {
        SlidingExtensions.EndToEnd(lists: DeviceListChanges(), keys: try await sources.keyCounts(of: deviceID, view))
    }
}
