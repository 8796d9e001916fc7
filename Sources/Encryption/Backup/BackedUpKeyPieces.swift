import MatrixCore
import Storage

/// The keys of a backup as JSON, read while they are sent: a backup of a hundred thousand keys takes no more memory than a few
/// hundred of them.
package struct BackedUpKeyPieces: AsyncSequence, Sendable {
    typealias Reading = @Sendable (_ after: BackedUpKey) async throws -> [BackedUpKey]

    /// Read already, so that what cannot be read is an error and no broken answer.
    private let firstKeys: [BackedUpKey]
    /// The room whose keys they are; `nil` for all rooms.
    private let room: String?
    private let read: Reading

    init(firstKeys: [BackedUpKey], room: String?, read: @escaping Reading) {
        self.firstKeys = firstKeys
        self.room = room
        self.read = read
    }

    /// Whether all of it is one piece.
    package var isShort: Bool { firstKeys.count < KeyBackupStore.keysAtOnce }

    package func makeAsyncIterator() -> Iterator { Iterator(self) }

    package struct Iterator: AsyncIteratorProtocol {
        private let pieces: BackedUpKeyPieces
        private var previous: BackedUpKey?
        private var isFinished = false

        fileprivate init(_ pieces: BackedUpKeyPieces) { self.pieces = pieces }

        /// What a page of keys makes. After a page that is not full there is none.
        package mutating func next() async throws -> [UInt8]? {
            guard !isFinished else { return nil }
            let keys =
                if let previous { try await pieces.read(previous) } else { pieces.firstKeys }
            var bytes: [UInt8] = []
            if previous == nil { bytes += Array((pieces.room == nil ? #"{"rooms":{"# : #"{"sessions":{"#).utf8) }
            for key in keys { append(key, to: &bytes) }
            guard keys.count < KeyBackupStore.keysAtOnce else { return bytes }
            isFinished = true
            let isRoomOpen = pieces.room == nil && previous != nil
            return bytes + Array((isRoomOpen ? "}}}}" : "}}").utf8)
        }

        private mutating func append(_ key: BackedUpKey, to bytes: inout [UInt8]) {
            let startsRoom = pieces.room == nil && previous?.roomID != key.roomID
            if previous != nil { bytes += Array((startsRoom ? "}}," : ",").utf8) }
            if startsRoom { bytes += Self.name(key.roomID) + Array(#"{"sessions":{"#.utf8) }
            bytes += Self.name(key.sessionID)
            bytes += JSONWriter.write(reservingCapacity: key.sessionData.count + 128) { key.write(to: &$0) }
            previous = key
        }

        private static func name(_ text: String) -> [UInt8] {
            JSONWriter.write { $0.string(text) } + Array(":".utf8)
        }
    }
}
