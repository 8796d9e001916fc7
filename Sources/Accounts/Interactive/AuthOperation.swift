import HTTPAPI
package import MatrixCore

/// What is to be allowed, to whom. A session is good for exactly one of it.
package struct AuthOperation: Sendable, Hashable {
    /// The operation and, where there is one, its target: who may delete one device may not delete another.
    let name: String
    let user: LocalIdentity?

    package struct LocalIdentity: Sendable, Hashable {
        package let userID: UserID
        package let userNID: UserNID
        package let deviceID: String?

        package init(userID: UserID, userNID: UserNID, deviceID: String?) {
            self.userID = userID
            self.userNID = userNID
            self.deviceID = deviceID
        }
    }

    static let register = AuthOperation(name: "register", user: nil)

    /// - Parameter targets: what the operation is done to; any number, of any size.
    package init(_ operation: String, targets: [String] = [], by user: LocalIdentity) {
        let digest = BLAKE2b.hash128(Array(targets.sorted().joined(separator: "\n").utf8))
        self.init(name: targets.isEmpty ? operation : "\(operation) \(Base64.encode(digest))", user: user)
    }

    private init(name: String, user: LocalIdentity?) {
        self.name = name
        self.user = user
    }

    /// The operation without its target.
    static func operation(ofName name: String) -> String { String(name.prefix { $0 != " " }) }
}

/// Whose sessions are counted together, so that nobody fills the table: a user's, or those of strangers from one network.
struct SessionOrigin {
    /// Sessions that somebody may have open at once; the oldest give way.
    static let maxOfUser: Int64 = 32
    /// The same of strangers, who may be many behind one address.
    static let maxOfNetwork: Int64 = 256

    let key: String
    let maxSessions: Int64

    init(user: UserNID) {
        key = "user \(user.rawValue)"
        maxSessions = Self.maxOfUser
    }

    /// One subscriber has 2^64 addresses of IPv6, and one of IPv4.
    init(address: String) {
        maxSessions = Self.maxOfNetwork
        guard let address = IPAddress(address) else {
            key = "network"
            return
        }
        if let inner = address.embeddedIPv4 {
            key = "network \(inner)"
        } else if address.isIPv4 {
            key = "network \(address)"
        } else {
            key = "network \(Base64.encode(address.bytes.prefix(8)))"
        }
    }
}
