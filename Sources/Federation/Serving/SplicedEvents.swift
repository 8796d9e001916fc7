package import HTTPAPI
package import MatrixCore
package import NIOCore
import Rooms
import Storage

/// An answer made of JSON that is there already and of stored events, which are read while it is sent: the state of a room of a
/// hundred thousand members takes no more memory than a few hundred events.
package struct SplicedEvents: AsyncSequence, Sendable {
    package enum Piece: Sendable {
        case json([UInt8])
        /// The elements of an array, its brackets included.
        case events([EventNID])
    }

    /// Events that are read at once.
    private static let eventsAtOnce = 200

    private let reader: RoomReader
    private let room: RoomRecord
    private let pieces: [Piece]

    init(reader: RoomReader, room: RoomRecord, pieces: [Piece]) {
        self.reader = reader
        self.room = room
        self.pieces = pieces
    }

    /// The same in the form that servers once expected: an array of the status and the answer.
    package func withStatus() -> SplicedEvents {
        SplicedEvents(
            reader: reader, room: room, pieces: [.json(Array("[200,".utf8))] + pieces + [.json(Array("]".utf8))])
    }

    /// The answer: in one buffer when it is small, else as a stream.
    package func response() async throws -> ServerResponse {
        let events = pieces.reduce(0) { if case .events(let nids) = $1 { $0 + nids.count } else { $0 } }
        guard events <= Self.eventsAtOnce else {
            return .stream(BodyStream(self), length: nil, contentType: "application/json")
        }
        var whole = ByteBuffer()
        for try await part in self { whole.writeImmutableBuffer(part) }
        return ServerResponse(json: whole)
    }

    package func makeAsyncIterator() -> Iterator { Iterator(answer: self) }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let answer: SplicedEvents
        private var piece = 0
        /// How many events of the piece were sent.
        private var sent = 0
        private var hasElements = false

        fileprivate init(answer: SplicedEvents) { self.answer = answer }

        package mutating func next() async throws -> ByteBuffer? {
            guard piece < answer.pieces.count else { return nil }
            switch answer.pieces[piece] {
            case .json(let json):
                piece += 1
                return ByteBuffer(bytes: json)
            case .events(let nids):
                var buffer = ByteBuffer()
                if sent == 0 { buffer.writeInteger(UInt8(ascii: "[")) }
                let end = Swift.min(sent + SplicedEvents.eventsAtOnce, nids.count)
                for body in try await answer.bodies(of: nids[sent..<end]) {
                    if hasElements { buffer.writeInteger(UInt8(ascii: ",")) }
                    buffer.writeBytes(body)
                    hasElements = true
                }
                sent = end
                if sent == nids.count {
                    buffer.writeInteger(UInt8(ascii: "]"))
                    piece += 1
                    sent = 0
                    hasElements = false
                }
                return buffer
            }
        }
    }

    /// The events as they are served: redacted ones pruned.
    private func bodies(of nids: ArraySlice<EventNID>) async throws -> [[UInt8]] {
        guard let version = RoomVersion(room.version) else { throw StorageError.corrupt("rooms.version") }
        var bodies: [EventNID: [UInt8]] = [:]
        for stored in try await reader.eventStore.events(Array(nids), in: room.nid) {
            bodies[stored.nid] =
                stored.redactedBy == nil
                ? stored.body
                : try Event(stored: stored.body, eventID: stored.eventID, version: version).redacted().bytes
        }
        return nids.compactMap { bodies[$0] }
    }
}
