import HTTPAPI
package import MatrixCore
package import Storage
package import Telemetry

/// The pushers of users, as they set and read them.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3pushersset
package struct Pushers: Sendable {
    private static let maxAppIDBytes = 64
    private static let maxPushkeyBytes = 512
    private static let maxNameBytes = 1024
    private static let maxDataBytes = 16 << 10

    private let store: PusherStore
    private let clock: any Clock

    package init(store: PusherStore, telemetry: Telemetry) {
        self.store = store
        clock = telemetry.clock
    }

    /// What `GET /pushers` answers: the user's pushers as they were set.
    package func content(of user: UserNID) async throws -> [UInt8] {
        let pushers = try await store.pushers(of: user)
        return JSONWriter.write { json in
            json.object { json in
                json.key("pushers")
                json.array { json in
                    for pusher in pushers { json.object { Self.write(pusher, to: &$0) } }
                }
            }
        }
    }

    private static func write(_ pusher: PusherRecord, to json: inout JSONWriter) {
        json.field("pushkey", pusher.key.pushkey)
        json.field("kind", pusher.kind)
        json.field("app_id", pusher.key.appID)
        json.field("app_display_name", pusher.appDisplayName)
        json.field("device_display_name", pusher.deviceDisplayName)
        json.field(optional: "profile_tag", pusher.profileTag)
        json.field("lang", pusher.language)
        json.field("data", raw: pusher.data)
    }

    /// Sets a pusher, new or not.
    ///
    /// - Throws: 400 `M_MISSING_PARAM`, `M_INVALID_PARAM`.
    package func set(_ pusher: NewPusher, of user: UserNID, device: String?) async throws {
        try Self.check(pusher.appID, pusher.pushkey)
        guard pusher.kind == "http" else { throw MatrixError.invalidParam("kind is not known") }
        let texts = [pusher.appDisplayName, pusher.deviceDisplayName, pusher.language, pusher.profileTag ?? ""]
        guard texts.allSatisfy({ $0.utf8.count <= Self.maxNameBytes && !$0.utf8.contains(0) }) else {
            throw MatrixError.invalidParam("A name is too long")
        }
        guard pusher.data.isObject, let url = pusher.data["url"] else { throw MatrixError.missingParam("data.url") }
        guard let text = url.string, Gateway.url(text) != nil else {
            throw MatrixError.invalidParam("data.url must be an HTTP URL with the path \(Gateway.path)")
        }
        if let format = pusher.data["format"], !format.isString {
            throw MatrixError.invalidParam("data.format must be a string")
        }
        guard let data = try? CanonicalJSON.encode(pusher.data, strict: false), data.count <= Self.maxDataBytes else {
            throw MatrixError.invalidParam("data is too large")
        }
        let record = PusherRecord(
            key: PusherKey(userNID: user, appID: pusher.appID, pushkey: pusher.pushkey), kind: pusher.kind,
            appDisplayName: pusher.appDisplayName, deviceDisplayName: pusher.deviceDisplayName,
            profileTag: pusher.profileTag, language: pusher.language, data: data, updatedAt: clock.nowMilliseconds)
        guard try await store.set(record, device: device, append: pusher.append) else {
            throw MatrixError(.resourceLimitExceeded, "This account has too many pushers")
        }
    }

    /// Deletes a pusher; that there is none is no error.
    package func delete(appID: String, pushkey: String, of user: UserNID) async throws {
        try Self.check(appID, pushkey)
        try await store.delete(PusherKey(userNID: user, appID: appID, pushkey: pushkey))
    }

    private static func check(_ appID: String, _ pushkey: String) throws(MatrixError) {
        guard (1...maxAppIDBytes).contains(appID.utf8.count), !appID.utf8.contains(0) else {
            throw .invalidParam("app_id must have 1 to \(maxAppIDBytes) bytes")
        }
        guard (1...maxPushkeyBytes).contains(pushkey.utf8.count), !pushkey.utf8.contains(0) else {
            throw .invalidParam("pushkey must have 1 to \(maxPushkeyBytes) bytes")
        }
    }
}

/// A pusher as a client describes it.
package struct NewPusher: Sendable {
    package let appID: String
    package let pushkey: String
    package let kind: String
    package let appDisplayName: String
    package let deviceDisplayName: String
    package let profileTag: String?
    package let language: String
    package let data: JSONView
    package let append: Bool

    package init(
        appID: String, pushkey: String, kind: String, appDisplayName: String, deviceDisplayName: String,
        profileTag: String?, language: String, data: JSONView, append: Bool
    ) {
        self.appID = appID
        self.pushkey = pushkey
        self.kind = kind
        self.appDisplayName = appDisplayName
        self.deviceDisplayName = deviceDisplayName
        self.profileTag = profileTag
        self.language = language
        self.data = data
        self.append = append
    }
}
