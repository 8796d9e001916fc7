package import Cluster
package import MatrixCore
package import Storage
package import Telemetry

/// Asks another server for all devices of a user of its own.
package protocol RemoteDeviceSource: Sendable {
    /// The answer as it came.
    func devices(of user: UserID) async throws -> JSONView
}

/// The device lists of users of other servers with whom rooms are shared.
///
/// A list is fetched when somebody first asks for it, and kept by what its server tells. When something of that is missing it counts
/// for nothing until it has been fetched anew: then the server itself is asked each time.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#device-management
package final class RemoteDeviceLists: Sendable {
    /// Users whose lists were wanted just now.
    private static let maxWanted = 20_000
    /// How often somebody is asked to fetch the same list.
    private static let interval = Duration.seconds(30)
    /// So many lists are fetched at once by who wants them. For more it is quicker to ask their servers for all users together.
    private static let maxFetchedAtOnce = 10
    /// How soon is found what another worker has asked for.
    private static let pollInterval = Duration.seconds(3)
    /// A client waits for it.
    private static let patience = Duration.seconds(10)

    private let store: RemoteDeviceStore
    private let interning: Interning
    private let feed: LogFeed
    private let clock: any Clock
    private let source: (any RemoteDeviceSource)?
    private let wanted = GenerationalCache<UserNID, Duration>(maxWeight: maxWanted)
    /// Lists that are to be fetched; whoever does that in this process looks for work when it is woken.
    let slots: DueSlots<DueDeviceResync>

    /// - Parameter source: whom to ask for lists that are wanted; `nil` leaves it to others.
    package init(
        store: RemoteDeviceStore, interning: Interning, feed: LogFeed, clock: any Clock,
        source: (any RemoteDeviceSource)? = nil
    ) {
        self.store = store
        self.source = source
        self.interning = interning
        self.feed = feed
        self.clock = clock
        slots = DueSlots(pollInterval: Self.pollInterval, clock: clock)
    }

    // MARK: What servers tell

    /// What a transaction of a server told of devices, in order.
    package struct News: Sendable {
        fileprivate var updates: [UserID: [DeviceListUpdate]] = [:]
        fileprivate var signing: [SigningKeyUpdate] = []
        private let origin: ServerName

        package init(from origin: ServerName) { self.origin = origin }

        package var isEmpty: Bool { updates.isEmpty && signing.isEmpty }

        /// Takes in a message.
        ///
        /// - Returns: `nil` when it is not about devices, false when it is malformed, or not the sender's to say.
        package mutating func add(_ type: String, _ content: JSONView) -> Bool? {
            switch type {
            case DeviceListUpdate.type:
                guard let update = DeviceListUpdate(content, from: origin) else { return false }
                updates[update.userID, default: []].append(update)
                return true
            case SigningKeyUpdate.type:
                guard let update = SigningKeyUpdate(content, from: origin) else { return false }
                signing.append(update)
                return true
            // The same is said under its new name.
            case SigningKeyUpdate.oldType: return true
            default: return nil
            }
        }
    }

    /// Takes in what a server told. What it says of users with whom no room is shared is forgotten.
    ///
    /// - Cost: a statement for each user.
    /// - Throws: when something could not be written; taking it in again does no harm.
    package func receive(_ news: News) async throws {
        for (userID, updates) in news.updates {
            // Nobody gets a number because a server says so.
            guard let user = try await interning.knownUser(userID) else { continue }
            var numbers: Set<Int64> = []
            var previous: Set<Int64> = []
            var hasBeginning = false
            for update in updates {
                hasBeginning = hasBeginning || update.previous.isEmpty
                previous.formUnion(update.previous.filter { !numbers.contains($0) })
                numbers.insert(update.streamID)
            }
            let outcome = try await store.apply(
                RemoteDeviceUpdates(
                    streamIDs: updates.map(\.streamID), previous: hasBeginning ? [] : Array(previous),
                    devices: updates.map(\.device)),
                of: user, now: clock.nowMilliseconds)
            note(outcome, of: user.nid, in: user.shard)
        }
        for update in news.signing {
            guard let user = try await interning.knownUser(update.userID) else { continue }
            if update.keys.isPartial {
                try await store.request([user.nid], now: clock.nowMilliseconds)
                slots.wake(user.shard)
            }
            note(
                try await store.apply(
                    masterKey: update.keys.master, selfSigningKey: update.keys.selfSigning, of: user,
                    now: clock.nowMilliseconds),
                of: user.nid, in: user.shard)
        }
    }

    private func note(_ outcome: RemoteDeviceOutcome, of user: UserNID, in shard: Int16) {
        switch outcome {
        case .changed(let position): feed.announce(.deviceLists, at: position, user: user)
        case .incomplete: slots.wake(shard)
        case .known, .unwanted: break
        }
    }

    // MARK: Fetching

    /// Fetches a list that is wanted.
    ///
    /// - Throws: when the server does not answer, or not with devices of this user.
    package func fetch(_ resync: DueDeviceResync, from source: any RemoteDeviceSource, within limit: Duration)
        async throws
    {
        // What comes into rooms after this is told by the server; so it is looked at before it is asked.
        let knownAt = feed.heads
        let answer = try await clock.withDeadline(limit) { try await source.devices(of: resync.userID) }
        let fetched = try await FetchedDeviceList(answer, of: resync.userID)
        let outcome = try await store.keep(
            fetched.list, streamID: fetched.streamID, for: resync, knownAt: knownAt, now: clock.nowMilliseconds)
        note(outcome, of: resync.user, in: resync.shard)
    }
}

extension RemoteDeviceLists: FollowedKeys {
    /// The lists of those of the users that are known and up to date. Those of others with whom rooms are shared are fetched: a few
    /// now, and many for the next time.
    ///
    /// - Cost: one query for all; two more and a request each for those who are not known.
    package func keys(of users: [UserID]) async throws -> [UserID: ToldKeys] {
        let records = try await interning.knownUsers(users)
        var lists = try await store.lists(of: records.values.map(\.nid))
        let unknown = records.values.filter { lists[$0.nid] == nil }
        if !unknown.isEmpty {
            try await want(unknown)
            let fetched = try await fetch(unknown)
            if !fetched.isEmpty { lists.merge(try await store.lists(of: fetched)) { $1 } }
        }
        var told: [UserID: ToldKeys] = [:]
        for (userID, user) in records { told[userID] = try lists[user.nid].map(ToldKeys.init) }
        return told
    }

    /// Has lists fetched by whoever does that.
    private func want(_ users: [UserRecord]) async throws {
        let now = clock.monotonic
        let news = users.filter { user in wanted[user.nid].map { now - $0 > Self.interval } ?? true }
        guard !news.isEmpty else { return }
        for user in news { wanted.keep(now, for: user.nid) }
        try await store.request(news.map(\.nid), now: clock.nowMilliseconds)
        for shard in Set(news.map(\.shard)) { slots.wake(shard) }
    }

    /// Fetches lists, if it is not too many, and not of servers that did not answer.
    ///
    /// - Returns: whose lists are known now.
    private func fetch(_ users: [UserRecord]) async throws -> [UserNID] {
        guard let source, users.count <= Self.maxFetchedAtOnce else { return [] }
        let resyncs = try await store.wanted(users.map(\.nid)).filter { $0.attempts == 0 }
        return await withTaskGroup(of: UserNID?.self) { group in
            for resync in resyncs {
                group.addTask {
                    do {
                        try await self.fetch(resync, from: source, within: Self.patience)
                        return resync.user
                    } catch {
                        // Whoever fetches lists tries it again, and says so.
                        return nil
                    }
                }
            }
            return await group.reduce(into: []) { fetched, user in if let user { fetched.append(user) } }
        }
    }
}

extension ToldKeys {
    fileprivate init(_ list: RemoteDeviceList) throws {
        self.init()
        for device in list.devices {
            guard let keys = device.keys else { continue }
            devices.append((device.deviceID, try JSONDocument(parsing: keys).root, device.displayName))
        }
        masterKey = try list.masterKey.map { try JSONDocument(parsing: $0).root }
        selfSigningKey = try list.selfSigningKey.map { try JSONDocument(parsing: $0).root }
    }
}
