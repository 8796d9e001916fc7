package import MatrixCore

/// Which slot of the sending duty a server belongs to: the same in every worker and every release, because cursors are kept
/// by slot.
package enum DestinationSlots {
    /// As many workers can share the sending. Each slot follows the whole log, so more of them cost something.
    package static let count = 8

    package static func slot(of server: ServerName) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in server.description.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return Int(hash % UInt64(count))
    }
}
