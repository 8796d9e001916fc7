package import MatrixCore
import Storage

/// A user's keys as somebody is shown them, each as JSON.
package struct UserKeys: Sendable {
    /// Of a device of another server's user; what is more is cut off.
    private static let maximumNameBytes = 512
    /// Of another server's user: ours have a bound of their own.
    private static let maximumDevices = 1000

    package internal(set) var devices: [(deviceID: String, json: [UInt8])] = []
    package internal(set) var masterKey: [UInt8]?
    package internal(set) var selfSigningKey: [UInt8]?
    /// Only a user's own.
    package internal(set) var userSigningKey: [UInt8]?
    /// What the master key's signatures are over, and the key.
    var master: (body: [UInt8], publicKey: String)?

    package init() {}

    /// Writes the members in which clients and servers are told of users' keys.
    package static func write(_ all: [UserID: UserKeys], to json: inout JSONWriter) {
        json.object(key: "device_keys") { json in
            for (user, keys) in all {
                json.object(key: user.description) { json in
                    for device in keys.devices { json.field(device.deviceID, raw: device.json) }
                }
            }
        }
        write(all.compactMapValues(\.masterKey), as: "master_keys", to: &json)
        write(all.compactMapValues(\.selfSigningKey), as: "self_signing_keys", to: &json)
        write(all.compactMapValues(\.userSigningKey), as: "user_signing_keys", to: &json)
    }

    private static func write(_ keys: [UserID: [UInt8]], as name: String, to json: inout JSONWriter) {
        json.object(key: name) { json in for (user, key) in keys { json.field(user.description, raw: key) } }
    }

    /// Roughly how many bytes it takes.
    package var byteCount: Int {
        devices.reduce(300) { $0 + $1.json.count + 80 } + (masterKey?.count ?? 0) + (selfSigningKey?.count ?? 0)
            + (userSigningKey?.count ?? 0)
    }

    // MARK: Of this server's users

    /// - Parameter namesDevices: whether names that users gave their devices are told.
    init(
        of user: UserRecord, in published: PublishedKeys, viewer: UserID?, namesDevices: Bool
    ) {
        let userID = user.userID
        devices = (published.devices[user.nid] ?? []).map { device in
            let name = namesDevices ? device.displayName : nil
            return (
                device.name,
                SignedKeyObject.assemble(
                    body: device.body, signatures: Self.signatures([(userID, device.signatures)]),
                    unsigned: Self.unsigned(name))
            )
        }
        guard let keys = published.crossSigning[user.nid] else { return }
        if let key = keys[.master] {
            let extra = Self.signature(published.viewerSignatures[user.nid], over: key.name, of: viewer)
            masterKey = Self.join(key.body, [(userID, key.signatures)] + extra)
            master = (key.body, key.name)
        }
        selfSigningKey = keys[.selfSigning].map { Self.join($0.body, [(userID, $0.signatures)]) }
        userSigningKey = keys[.userSigning].map { Self.join($0.body, [(userID, $0.signatures)]) }
    }

    /// What the viewer's user-signing key said of this very key.
    private static func signature(
        _ signature: PublishedKeys.ViewerSignature?, over publicKey: String, of viewer: UserID?
    ) -> [(UserID, [UInt8])] {
        guard let signature, signature.masterKey == publicKey, let viewer else { return [] }
        return [(viewer, SignedKeyObject.json([signature.keyID: signature.signature]))]
    }

    private static func unsigned(_ displayName: String?) -> [UInt8] {
        JSONWriter.write { json in json.object { $0.field(optional: "device_display_name", displayName) } }
    }

    private static func signatures(_ parts: [(user: UserID, json: [UInt8])]) -> [UInt8] {
        JSONWriter.write { json in
            json.object { json in for part in parts { json.field(part.user.description, raw: part.json) } }
        }
    }

    /// Without any signatures there is no such member.
    private static func join(_ body: [UInt8], _ parts: [(user: UserID, json: [UInt8])]) -> [UInt8] {
        let present = parts.filter { $0.json.count > 2 }
        return present.isEmpty ? body : SignedKeyObject.assemble(body: body, signatures: signatures(present))
    }

    // MARK: Of other servers' users

    /// What another server told, as far as it has the form of keys of that user: what has not is left out alone. Whether the
    /// signatures are good is for clients to find out; those of other users are none of anybody's business.
    init(
        told: ToldKeys, of user: UserID, signature: PublishedKeys.ViewerSignature?, viewer: UserID?
    ) {
        var seen: Set<String> = []
        for device in told.devices.prefix(Self.maximumDevices) {
            guard let object = try? DeviceKeys.form(device.json, of: user, deviceID: device.deviceID),
                seen.insert(device.deviceID).inserted
            else { continue }
            let name = device.displayName.map { String(decoding: $0.utf8.prefix(Self.maximumNameBytes), as: UTF8.self) }
            let own = SignedKeyObject.json(object.signatures(of: user))
            devices.append(
                (
                    device.deviceID,
                    SignedKeyObject.assemble(
                        body: object.body, signatures: Self.signatures([(user, own)]), unsigned: Self.unsigned(name))
                ))
        }
        if let view = told.masterKey, let key = try? CrossSigningKey(view, of: user, as: .master) {
            let own = SignedKeyObject.json(key.object.signatures(of: user))
            masterKey = Self.join(
                key.object.body, [(user, own)] + Self.signature(signature, over: key.publicKey, of: viewer))
            master = (key.object.body, key.publicKey)
        }
        if let view = told.selfSigningKey, let key = try? CrossSigningKey(view, of: user, as: .selfSigning) {
            selfSigningKey = Self.join(
                key.object.body, [(user, SignedKeyObject.json(key.object.signatures(of: user)))])
        }
    }

    /// Only some devices.
    func filtered(to deviceIDs: Set<String>) -> UserKeys {
        guard !deviceIDs.isEmpty else { return self }
        var keys = self
        keys.devices.removeAll { !deviceIDs.contains($0.deviceID) }
        return keys
    }
}
