import Glibc

/// An IPv4 or IPv6 address.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// 4 or 16 bytes, in network order.
    package let bytes: [UInt8]

    /// Reads the usual notations, without brackets or zone; nothing like `127.1`, `010.0.0.1` or `0x7f.1`, which some
    /// resolvers take.
    package init?(_ text: String) {
        // For C the text would end there.
        guard !text.utf8.contains(0) else { return nil }
        if let address = Self.read(text, family: AF_INET, length: 4) {
            bytes = address
        } else if let address = Self.read(text, family: AF_INET6, length: 16) {
            bytes = address
        } else {
            return nil
        }
    }

    private static func read(_ text: String, family: Int32, length: Int) -> [UInt8]? {
        var address = [UInt8](repeating: 0, count: length)
        return inet_pton(family, text, &address) == 1 ? address : nil
    }

    /// - Parameter bytes: 4 or 16 of them; nil otherwise.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    package var isIPv4: Bool { bytes.count == 4 }

    package var description: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(isIPv4 ? AF_INET : AF_INET6, bytes, &buffer, socklen_t(buffer.count)) != nil else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The IPv4 address that an IPv6 address stands for: mapped (`::ffff:0:0/96`), 6to4 (`2002::/16`) or through the
    /// well-known translation prefix (`64:ff9b::/96`). Packets to it end up there.
    package var embeddedIPv4: IPAddress? {
        guard !isIPv4 else { return nil }
        if bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF])
            || bytes.starts(with: [0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0])
        {
            return IPAddress(bytes: Array(bytes[12...]))
        }
        if bytes.starts(with: [0x20, 0x02]) { return IPAddress(bytes: Array(bytes[2..<6])) }
        return nil
    }
}
