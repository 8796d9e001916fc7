import MatrixCore

/// Any text as an identifier of each kind.
enum IdentifierFuzzTarget {
    static let dictionary = [
        "@", "!", "#", "$", ":", "::", "[", "]", ".", "-", "_", "/", "mxc://", "ed25519:", "example.org", ":8448",
        ":65536", "[::1]", "1.2.3.4", "255.255.255.255", "::ffff:1.2.3.4", "\u{0}", "é", "e\u{301}", "=", "+",
    ]

    static func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let user = UserID(text) {
            try check(user, text)
            try check(user.serverName, of: text)
            try FuzzFailure.unless(
                UserID(localpart: user.localpart, serverName: user.serverName) == user, "the parts make another user")
        }
        if let alias = RoomAlias(text) {
            try check(alias, text)
            try check(alias.serverName, of: text)
            try FuzzFailure.unless(
                RoomAlias(localpart: alias.localpart, serverName: alias.serverName) == alias, "other parts")
        }
        if let room = RoomID(text) {
            try check(room, text)
            try FuzzFailure.unless(room.hasDomain == (room.serverName != nil), "a domain without a server")
            if let server = room.serverName { try check(server, of: text) }
            if let create = room.createEventID { try FuzzFailure.unless(RoomID(createEvent: create) == room, "create") }
        }
        if let event = EventID(text) {
            try check(event, text)
            try FuzzFailure.unless(event.hasDomain == (event.serverName != nil), "a domain without a server")
            if let server = event.serverName { try check(server, of: text) }
        }
        if let server = ServerName(text) { try check(server, of: text) }
        if let uri = MXCURI(text) {
            try check(uri, text)
            try FuzzFailure.unless(MXCURI(serverName: uri.serverName, mediaID: uri.mediaID) == uri, "other parts")
        }
        if let key = SigningKeyID(text) {
            try check(key, text)
            try FuzzFailure.unless("\(key.algorithm):\(key.version)" == text, "a key's parts are not its name")
        }
        _ = OpaqueIdentifier.isValid(text)
        _ = OpaqueIdentifier.isNamespaced(text)
        _ = OpaqueIdentifier.isDeviceID(text)
        _ = IPAddressText.isIPv4(text.utf8)
        _ = IPAddressText.isIPv6(text.utf8)
        if let decoded = Base64.decode(text) {
            try FuzzFailure.unless(Base64.decode(Base64.encode(decoded)) == decoded, "base64 does not round-trip")
        }
        try FuzzFailure.unless(Base64.decode(Base64.encodeURLSafe(bytes)) == bytes, "base64 does not round-trip")
        _ = SigningKey(file: text)
    }

    private static func check<Identifier: MatrixIdentifier>(
        _ identifier: Identifier, _ text: String
    ) throws(FuzzFailure) {
        try FuzzFailure.unless(
            identifier.description.utf8.elementsEqual(text.utf8), "\(Identifier.self) changes its text")
        try FuzzFailure.unless(Identifier(identifier.description) == identifier, "\(Identifier.self) is not itself")
        try FuzzFailure.unless(!text.utf8.contains(0), "\(Identifier.self) with NUL")
    }

    private static func check(_ server: ServerName, of text: String) throws(FuzzFailure) {
        try check(server, server.description)
        try FuzzFailure.unless(text.utf8.count >= server.description.utf8.count, "a server longer than its text")
        try FuzzFailure.unless(!server.host.isEmpty, "a server without a host")
        let host = server.hostKind == .ipv6 ? "[\(server.host)]" : server.host
        let suffix = server.description.utf8.dropFirst(host.utf8.count)
        try FuzzFailure.unless(server.description.utf8.starts(with: host.utf8), "a host that is not in the name")
        if let port = server.port {
            try FuzzFailure.unless(
                suffix.first == UInt8(ascii: ":") && UInt16(String(Substring(suffix.dropFirst()))) == port, "a port")
        }
    }
}
