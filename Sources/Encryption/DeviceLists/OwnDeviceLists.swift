package import MatrixCore
package import Storage

/// What other servers are told of the devices of this server's users: all of them when they ask, and what changed as it happens.
///
/// Updates of a user have numbers that follow from the place of the change in the log, and each names the one before it. So whoever
/// has got all of them, or asked for all devices meanwhile, knows that nothing is missing; and a server that missed many is told the
/// newest alone, sees the gap, and asks.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#device-management
package struct OwnDeviceLists: Sendable {
    /// With more a server does better to ask for all of them.
    package static let maxUpdates = 20
    /// Between the numbers of two places of the log: a change may be of all devices of a user.
    private static let step: Int64 = 1024
    /// Changes of a user that are remembered; see `note_device_list`.
    private static let remembered = 50

    /// A stretch of the log in which a user's devices are looked at.
    package struct Stretch: Sendable {
        package let user: UserRecord
        /// What is at or below, in the user's shard, has been told.
        package let since: Int64
        package let upTo: Int64

        package init(user: UserRecord, since: Int64, upTo: Int64) {
            self.user = user
            self.since = since
            self.upTo = upTo
        }
    }

    /// A message for other servers.
    package struct Update: Sendable {
        package let type: String
        /// As JSON.
        package let content: [UInt8]
    }

    private let store: OwnDeviceStore
    private let keys: DeviceKeyStore
    private let interning: Interning
    private let serverName: ServerName
    private let namesDevices: Bool

    /// - Parameter namesDevices: whether names that users gave their devices are told.
    package init(
        store: OwnDeviceStore, keys: DeviceKeyStore, interning: Interning, serverName: ServerName, namesDevices: Bool
    ) {
        self.store = store
        self.keys = keys
        self.interning = interning
        self.serverName = serverName
        self.namesDevices = namesDevices
    }

    // MARK: All of them

    /// All devices of a user, as another server is answered.
    ///
    /// - Throws: 400 `M_INVALID_PARAM` for a user of another server. One that there is not has no devices.
    /// - Cost: two queries.
    package func answer(for userID: UserID) async throws -> [UInt8] {
        guard userID.serverName == serverName else {
            throw MatrixError.invalidParam("The user is not of this server")
        }
        var streamID: Int64 = 0
        var published = PublishedKeys()
        let user = try await interning.knownUser(userID)
        if let user {
            // Before the keys: who then hears of a change that is among them already is none the worse for it.
            streamID = (try await store.newestChange(of: user.nid) ?? 0) * Self.step
            var question = PublishedKeysQuestion(viewer: nil)
            question.ask(for: nil, of: user.nid)
            question.crossSigning = [user.nid]
            published = try await keys.published(question)
        }
        return JSONWriter.write { json in
            json.object { json in
                json.field("user_id", userID.description)
                json.field("stream_id", streamID)
                json.array(key: "devices") { json in
                    for device in user.flatMap({ published.devices[$0.nid] }) ?? [] {
                        json.object { json in
                            json.field("device_id", device.name)
                            json.field("keys", raw: Self.signed(device, by: userID))
                            if namesDevices { json.field(optional: "device_display_name", device.displayName) }
                        }
                    }
                }
                if let user { Self.write(published.crossSigning[user.nid], of: userID, to: &json) }
            }
        }
    }

    /// Without any signatures there is no such member.
    private static func signed(_ key: PublishedKeys.Key, by user: UserID) -> [UInt8] {
        guard key.signatures.count > 2 else { return key.body }
        return SignedKeyObject.assemble(
            body: key.body,
            signatures: JSONWriter.write { json in json.object { $0.field(user.description, raw: key.signatures) } })
    }

    private static func write(
        _ keys: [CrossSigningKey.Usage: PublishedKeys.Key]?, of user: UserID, to json: inout JSONWriter
    ) {
        if let master = keys?[.master] { json.field("master_key", raw: signed(master, by: user)) }
        if let own = keys?[.selfSigning] { json.field("self_signing_key", raw: signed(own, by: user)) }
    }

    // MARK: What changed

    /// What happened to the devices of users, as messages to other servers; for each stretch.
    ///
    /// - Cost: three queries for all.
    package func updates(in stretches: [Stretch]) async throws -> [[Update]] {
        let changes = try await store.changes(of: Set(stretches.map(\.user.nid)))
        return try await write(stretches.map { Plan($0, changes[$0.user.nid] ?? []) })
    }

    /// The newest change of users once more, and their keys, for a server that begins to share a room with them; for each user.
    ///
    /// A server that knows the devices as they are finds nothing new in it. One that has kept them from an earlier time takes it
    /// in, if that is all that it has missed, or sees that something is missing, and asks.
    ///
    /// - Cost: three queries for all.
    package func introductions(of users: [UserRecord]) async throws -> [[Update]] {
        let changes = try await store.changes(of: Set(users.map(\.nid)))
        return try await write(users.map { Plan(introducing: $0, changes[$0.nid] ?? []) })
    }

    private func write(_ plans: [Plan]) async throws -> [[Update]] {
        let devices = Set(
            plans.flatMap { plan in
                plan.updates.map { OwnDevice(user: plan.user.nid, deviceID: $0.deviceID) }
            })
        guard !devices.isEmpty || plans.contains(where: \.hasSigningKeys) else { return plans.map { _ in [] } }
        let present = try await store.present(devices)
        var question = PublishedKeysQuestion(viewer: nil)
        for (user, devices) in Dictionary(grouping: devices, by: \.user) {
            question.ask(for: Set(devices.map(\.deviceID)), of: user)
        }
        question.crossSigning = plans.filter(\.hasSigningKeys).map(\.user.nid)
        let published = try await keys.published(question)
        return plans.map { plan in
            let keys = Dictionary(
                (published.devices[plan.user.nid] ?? []).map { ($0.name, $0) }, uniquingKeysWith: { one, _ in one })
            var updates = plan.updates.map { update in
                let name = present[OwnDevice(user: plan.user.nid, deviceID: update.deviceID)]
                return write(update, of: plan.user.userID, isPresent: name != nil, name ?? nil, keys[update.deviceID])
            }
            if plan.hasSigningKeys, let keys = published.crossSigning[plan.user.nid], keys[.master] != nil {
                updates.append(
                    Update(
                        type: SigningKeyUpdate.type,
                        content: JSONWriter.write { json in
                            json.object { json in
                                json.field("user_id", plan.user.userID.description)
                                Self.write(keys, of: plan.user.userID, to: &json)
                            }
                        }))
            }
            return updates
        }
    }

    private func write(
        _ update: Plan.DeviceUpdate, of user: UserID, isPresent: Bool, _ name: String?, _ keys: PublishedKeys.Key?
    ) -> Update {
        let content = JSONWriter.write { json in
            json.object { json in
                json.field("user_id", user.description)
                json.field("device_id", update.deviceID)
                json.field("stream_id", update.streamID)
                json.field("prev_id", JSONValue.array(update.previous.map { [.integer($0)] } ?? []))
                guard isPresent else { return json.field("deleted", true) }
                if namesDevices { json.field(optional: "device_display_name", name) }
                if let keys { json.field("keys", raw: Self.signed(keys, by: user)) }
            }
        }
        return Update(type: DeviceListUpdate.type, content: content)
    }

    /// What is told of one stretch.
    private struct Plan {
        struct DeviceUpdate {
            let deviceID: String
            let streamID: Int64
            /// The number before it; `nil` for the first of all.
            let previous: Int64?
        }

        let user: UserRecord
        var updates: [DeviceUpdate] = []
        var hasSigningKeys = false

        /// The newest change, and the cross-signing keys.
        init(introducing user: UserRecord, _ changes: [OwnDeviceChange]) {
            let newest = changes.last { !$0.devices.isEmpty }?.position ?? 0
            self.init(Stretch(user: user, since: newest - 1, upTo: newest), changes)
            hasSigningKeys = true
        }

        init(_ stretch: Stretch, _ changes: [OwnDeviceChange]) {
            user = stretch.user
            let new = changes.filter { $0.position > stretch.since && $0.position <= stretch.upTo }
            hasSigningKeys = new.contains { $0.devices.isEmpty }
            // Each device once, where it changed last.
            var last: [String: Int64] = [:]
            for change in new { for device in change.devices { last[device] = change.position } }
            guard let newest = last.values.max() else { return }
            let isComplete =
                changes.count < OwnDeviceLists.remembered || changes.contains { $0.position <= stretch.since }
            guard isComplete, last.count <= OwnDeviceLists.maxUpdates else {
                guard let device = last.filter({ $0.value == newest }).keys.min() else { return }
                let streamID = newest * OwnDeviceLists.step
                // The one before it was not sent: so the server sees that something is missing.
                updates = [DeviceUpdate(deviceID: device, streamID: streamID, previous: streamID - 1)]
                return
            }
            let before = changes.last { $0.position <= stretch.since && !$0.devices.isEmpty }
            var previous = before.map { $0.position * OwnDeviceLists.step }
            let places = Dictionary(grouping: last, by: \.value).mapValues { $0.map(\.key) }
            for (position, devices) in places.sorted(by: { $0.key < $1.key }) {
                for (index, device) in devices.sorted().enumerated() {
                    // The last one has the number that stands for the place.
                    let streamID = position * OwnDeviceLists.step - Int64(devices.count - 1 - index)
                    updates.append(DeviceUpdate(deviceID: device, streamID: streamID, previous: previous))
                    previous = streamID
                }
            }
        }
    }
}
