import Cluster
import DeviceMessages
import Encryption
import MatrixCore
import Storage

/// Messages to devices, and what encryption needs.
struct EndToEndExtensions: Sendable {
    let sources: DeviceNewsSources
    let incarnation: UInt32

    /// What waits for the device after the place that it comes with, which it thereby has got.
    ///
    /// - Throws: 400 `M_INVALID_PARAM` for what is no such place.
    /// - Cost: without news no query on a worker that knows the device.
    func toDevice(
        _ request: SlidingExtensionRequests.ToDevice?, of deviceID: String?, _ view: UserView
    ) async throws -> SlidingExtensions.ToDevice? {
        guard let request else { return nil }
        let since = try request.since.flatMap(place)
        // As long as nothing comes, the client goes on from where it is.
        let place = since ?? InboxPlace(position: 0, order: 0)
        var told = SlidingExtensions.ToDevice(nextBatch: InboxToken.encode(place, incarnation: incarnation))
        guard let deviceID, let messages = sources.messages else { return told }
        let page = try await messages.page(
            for: deviceID, of: view.user, after: since, upTo: view.heads[view.user.shard], limit: max(request.limit, 1))
        guard let last = page.messages.last?.place else { return told }
        told.events = page.messages.map(\.body)
        told.nextBatch = InboxToken.encode(last, incarnation: incarnation)
        return told
    }

    /// `nil` for a place of a database that is no more: what is in this one begins anew.
    private func place(_ text: String) throws(MatrixError) -> InboxPlace? {
        guard let token = InboxToken.decode(text) else { throw .invalidParam("to_device.since is no token of ours") }
        return token.incarnation == incarnation ? token.place : nil
    }

    /// What the client has to know of others' devices, and what is left of its own keys. The first answer tells no changes: of what
    /// was before the client has to ask.
    ///
    /// - Parameter state: takes note of what is told and of what is passed over.
    func endToEnd(
        _ isWanted: Bool, _ context: SlidingContext, _ state: inout ConnectionState
    ) async throws -> SlidingExtensions.EndToEnd? {
        guard isWanted else {
            if state.deviceLists == .live, let since = context.since { state.deviceLists = .upTo(since.log) }
            return nil
        }
        var told = SlidingExtensions.EndToEnd()
        switch state.deviceLists {
        case .never: break
        case .live:
            if let since = context.since {
                told.lists = try await sources.listChanges(of: context.view, since: since.log, context.changes)
            }
        case .upTo(let vector): told.lists = try await sources.listChanges(of: context.view, since: vector, nil)
        }
        state.deviceLists = .live
        told.keys = try await sources.keyCounts(
            of: context.deviceID, context.view, since: context.since?.log)
        return told
    }

    /// When nothing happened.
    func quiet(of deviceID: String?, _ view: UserView) async throws -> SlidingExtensions.EndToEnd {
        SlidingExtensions.EndToEnd(
            lists: DeviceListChanges(), keys: try await sources.keyCounts(of: deviceID, view, since: nil))
    }
}
