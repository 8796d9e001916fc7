import Storage
import Telemetry

/// Looks for the pushers of those whom events notify, for all slots of a worker together: events that are written within a
/// moment cost one query, and a notification is not late by that moment.
actor RecipientSearch {
    /// How long events are gathered.
    static let moment = Duration.milliseconds(50)

    private let store: PusherStore
    private let clock: any Clock
    private var gathered: [NotifyingEvent] = []
    private var search: Task<[PushRecipient], any Error>?

    init(store: PusherStore, clock: any Clock) {
        self.store = store
        self.clock = clock
    }

    func recipients(of events: [NotifyingEvent]) async throws -> [PushRecipient] {
        guard !events.isEmpty else { return [] }
        gathered += events
        let search = self.search ?? begin()
        let wanted = Set(events)
        return try await search.value.filter { wanted.contains($0.event) }
    }

    /// Begins the search for all that will have been gathered when its moment is over.
    private func begin() -> Task<[PushRecipient], any Error> {
        let search = Task {
            do { try await clock.sleep(for: Self.moment) } catch {
                _ = take()
                throw error
            }
            return try await store.recipients(of: take())
        }
        self.search = search
        return search
    }

    private func take() -> [NotifyingEvent] {
        search = nil
        defer { gathered = [] }
        return gathered
    }
}
