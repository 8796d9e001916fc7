import MatrixCore
import Storage

/// What a server says of one device of a user of its own.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#device-management
struct DeviceListUpdate: Sendable {
    static let type = "m.device_list_update"
    /// With more an update counts as one of which something is missing.
    private static let maximumPrevious = 100

    let userID: UserID
    let streamID: Int64
    /// The numbers that it builds on; none, if it builds on nothing.
    let previous: [Int64]
    let device: RemoteDevice

    /// Keys that are not the device's, or that it has not signed, count as none: so that what comes after it still has something to
    /// build on, and nobody is shown them.
    ///
    /// - Returns: `nil` when it is malformed, or speaks of somebody else's user.
    init?(_ content: JSONView, from origin: ServerName) {
        guard let userID = content["user_id"]?.string.flatMap({ UserID($0) }), userID.serverName == origin,
            let deviceID = content["device_id"]?.string, RemoteDevice.isName(deviceID),
            let streamID = content["stream_id"]?.int
        else { return nil }
        self.userID = userID
        self.streamID = streamID
        let previous = content["prev_id"]?.array.map { Array($0.prefix(Self.maximumPrevious + 1)) } ?? []
        let numbers = previous.compactMap(\.int)
        self.previous = numbers.count == previous.count && numbers.count <= Self.maximumPrevious ? numbers : []
        let isDeleted = content["deleted"]?.bool ?? false
        device = RemoteDevice(
            deviceID, name: content["device_display_name"], keys: isDeleted ? nil : content["keys"], of: userID)
    }
}

/// What a server says of the cross-signing keys of a user of its own.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#end-to-end-encryption
struct SigningKeyUpdate: Sendable {
    static let type = "m.signing_key_update"
    /// As it was called before it was specified; some servers send both.
    static let oldType = "org.matrix.signing_key_update"

    let userID: UserID
    let keys: RemoteSigningKeys

    /// - Returns: `nil` when it is malformed, or speaks of somebody else's user.
    init?(_ content: JSONView, from origin: ServerName) {
        guard let userID = content["user_id"]?.string.flatMap({ UserID($0) }), userID.serverName == origin else {
            return nil
        }
        self.userID = userID
        keys = RemoteSigningKeys(content, of: userID)
    }
}

/// Cross-signing keys of another server's user, checked.
struct RemoteSigningKeys: Sendable {
    /// As JSON.
    private(set) var master: [UInt8]?
    private(set) var selfSigning: [UInt8]?
    /// Whether there was a key that only makes sense with one that was not told.
    private(set) var isPartial = false

    /// Keys that are none, or of somebody else, are left out; so is a self-signing key that the master key has not signed.
    init(_ view: JSONView, of user: UserID) {
        let key = view["master_key"].flatMap { try? CrossSigningKey($0, of: user, as: .master) }
        master = key == nil ? nil : view["master_key"].map { Array($0.rawBytes) }
        guard let told = view["self_signing_key"], told.isObject,
            let own = try? CrossSigningKey(told, of: user, as: .selfSigning)
        else { return }
        guard let key else {
            isPartial = true
            return
        }
        if own.object.signature(of: user, by: key.keyID, key.key) != nil { selfSigning = Array(told.rawBytes) }
    }
}

extension RemoteDevice {
    private static let maximumNameBytes = 255

    /// What is more of a display name is cut off.
    private static let maximumDisplayNameBytes = 512

    /// Whether a text may be the id of a device. A zero is what no text of the database may have.
    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= maximumNameBytes && !text.utf8.contains(0)
    }

    /// - Parameter keys: those that are not the device's, or not signed by it, count as none.
    init(_ deviceID: String, name: JSONView?, keys: JSONView?, of user: UserID) {
        let isGood = keys.map { (try? DeviceKeys($0, of: user, deviceID: deviceID)) != nil } ?? false
        let text = name?.string.map { text in
            text.utf8.count <= Self.maximumDisplayNameBytes
                ? text : String(decoding: text.utf8.prefix(Self.maximumDisplayNameBytes), as: UTF8.self)
        }
        self.init(
            deviceID: deviceID, displayName: text.flatMap { $0.utf8.contains(0) ? nil : $0 },
            keys: isGood ? keys.map { Array($0.rawBytes) } : nil)
    }
}
