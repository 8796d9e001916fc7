package import MatrixCore

/// Messages to devices as somebody asks for them: by user and device, each with a content.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3sendtodeviceeventtypetxnid
package struct ToDeviceMessages: Sendable {
    /// Messages in one call, or in one EDU. Clients send some hundreds.
    package static let maxMessages = 10_000
    /// Of a device id. No device of ours has a longer one.
    private static let maxDeviceBytes = 255

    package struct Message: Sendable {
        package let user: UserID
        /// `nil` for all devices of the user.
        package let deviceID: String?
        /// Canonical JSON.
        package let content: [UInt8]
    }

    package private(set) var messages: [Message] = []

    /// What a client sends. Devices whose ids cannot be are left out, as others that are not there.
    ///
    /// - Throws: 400 `M_BAD_JSON` when it has another form, 400 `M_INVALID_PARAM` for user ids that are none, 413 `M_TOO_LARGE` for
    ///   too many messages and for a content that is too large.
    package init(fromClient view: JSONView) throws(MatrixError) {
        guard let users = view.object else { throw .badJSON("messages must be an object") }
        for (name, devices) in users {
            guard let user = UserID(name) else { throw .invalidParam("\(name.prefix(255)) is not a user id") }
            guard let devices = devices.object else { throw .badJSON("messages for a user must be an object") }
            for (device, content) in devices {
                guard content.isObject, let content = try? CanonicalJSON.encode(content, strict: false) else {
                    throw .badJSON("the content of a message must be an object")
                }
                guard content.count <= EventLimits.eventBytes, messages.count < Self.maxMessages else {
                    throw MatrixError(.tooLarge, "The message is too large, or there are too many")
                }
                add(content, user, device)
            }
        }
    }

    /// What another server sends: what is not in order is left out.
    init(fromServer view: JSONView, for server: ServerName) {
        guard let users = view.object else { return }
        for (name, devices) in users {
            guard let user = UserID(name), user.serverName == server, let devices = devices.object else { continue }
            for (device, content) in devices where messages.count < Self.maxMessages {
                guard content.isObject, let content = try? CanonicalJSON.encode(content, strict: false),
                    content.count <= EventLimits.eventBytes
                else { continue }
                add(content, user, device)
            }
        }
    }

    private mutating func add(_ content: [UInt8], _ user: UserID, _ device: String) {
        guard !device.isEmpty, device.utf8.count <= Self.maxDeviceBytes, !device.utf8.contains(0) else { return }
        messages.append(Message(user: user, deviceID: device == "*" ? nil : device, content: content))
    }
}

/// A message to devices from a user of another server.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#definition-mdirect_to_device
package struct RemoteToDeviceMessages: Sendable {
    private static let maxMessageIDBytes = 255

    let sender: UserID
    let type: String
    let messageID: String
    let content: ToDeviceMessages

    /// `nil` when it is malformed, or not of a user of the server that sends it.
    ///
    /// - Parameters:
    ///   - origin: who signed the request.
    ///   - own: this server, whose users alone get something.
    package init?(_ edu: JSONView, from origin: ServerName, to own: ServerName) {
        guard let sender = edu["sender"]?.string.flatMap({ UserID($0) }), sender.serverName == origin,
            let type = edu["type"]?.string, type.utf8.count <= EventLimits.keyBytes,
            let messageID = edu["message_id"]?.string, messageID.utf8.count <= Self.maxMessageIDBytes,
            let messages = edu["messages"], messages.isObject
        else { return nil }
        self.sender = sender
        self.type = type
        self.messageID = messageID
        content = ToDeviceMessages(fromServer: messages, for: own)
    }
}
