import Cluster
import MatrixCore
import Storage

/// Changes of the user's subscriptions to threads.
///
/// - Spec: https://github.com/matrix-org/matrix-spec-proposals/pull/4308
struct ThreadsExtension: Sendable {
    let subscriptions: ThreadSubscriptions

    /// - Parameter state: takes note of what is told and of what is passed over.
    /// - Cost: without news no query, otherwise one.
    func read(
        _ limit: Int?, _ answer: SlidingExtensionContext, _ state: inout ConnectionState
    ) async throws -> SlidingExtensions.Threads? {
        let context = answer.context
        let shard = context.user.shard
        let since = context.since?.log[shard] ?? 0
        guard let limit else {
            if state.threads == .live { state.threads = .upTo(since) }
            return nil
        }
        let from: Int64
        switch state.threads {
        case .never: from = 0
        case .upTo(let position): from = position
        case .live:
            guard context.changes?.own.contains(.threadSubscriptions) == true else { return nil }
            from = since
        }
        state.threads = .live
        let page = try await subscriptions.changes(
            of: context.user, after: from, upTo: context.view.heads[shard], limit: limit)
        return page.changes.isEmpty ? nil : page
    }
}
