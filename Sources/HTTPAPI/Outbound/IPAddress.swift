import Glibc
import MatrixCore

/// An IPv4 or IPv6 address.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// 4 or 16 bytes, in network order.
    package let bytes: [UInt8]

    /// Reads the usual notations, without brackets or zone; nothing like `127.1` or `0x7f.1`, which some resolvers take.
    package init?(_ text: String) {
        if IPAddressText.isIPv4(text.utf8) {
            // Octets with leading zeros are octal to some: they are nobody's honest spelling.
            guard !text.split(separator: ".").contains(where: { $0.count > 1 && $0.hasPrefix("0") }) else { return nil }
            bytes = text.split(separator: ".").compactMap { UInt8($0) }
            guard bytes.count == 4 else { return nil }
        } else {
            var address = [UInt8](repeating: 0, count: 16)
            guard IPAddressText.isIPv6(text.utf8), inet_pton(AF_INET6, text, &address) == 1 else { return nil }
            bytes = address
        }
    }

    /// - Parameter bytes: 4 or 16 of them; nil otherwise.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    package var isIPv4: Bool { bytes.count == 4 }

    package var description: String {
        if isIPv4 { return bytes.map(String.init).joined(separator: ".") }
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(AF_INET6, bytes, &buffer, socklen_t(buffer.count)) != nil else { return "" }
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
