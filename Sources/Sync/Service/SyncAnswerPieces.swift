import MatrixCore

/// A large answer piece by piece, so that it is never held twice: what was rendered is written out while it is sent.
package struct SyncAnswerPieces: AsyncSequence, AsyncIteratorProtocol, Sendable {
    /// A piece is finished with the room that makes it this long.
    static let pieceBytes = 65_536

    private let answer: SyncAnswer
    private var sections = SyncAnswer.Section.allCases[...]
    /// The next room of the first section.
    private var index = 0
    private var isBegun = false
    private var isSectionOpen = false

    package init(_ answer: SyncAnswer) { self.answer = answer }

    package func makeAsyncIterator() -> SyncAnswerPieces { self }

    /// Throws nothing; who sends it expects streams that may.
    package mutating func next() async throws -> [UInt8]? { nextPiece() }

    private mutating func nextPiece() -> [UInt8]? {
        var bytes: [UInt8] = []
        if !isBegun {
            bytes = JSONWriter.write { writer in writer.object { answer.writeHead(to: &$0) } }
            // The object goes on with the rooms.
            bytes.removeLast()
            bytes += Array(#","rooms":{"#.utf8)
            isBegun = true
        } else if sections.isEmpty {
            return nil
        }
        while let section = sections.first {
            if !isSectionOpen {
                bytes += Array((section == .join ? "" : ",").utf8) + Array("\"\(section.rawValue)\":{".utf8)
                isSectionOpen = true
            }
            while index < answer.count(of: section) {
                if bytes.count >= Self.pieceBytes { return bytes }
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes += JSONWriter.write { answer.writeRoom(index, of: section, to: &$0) }
                index += 1
            }
            bytes.append(UInt8(ascii: "}"))
            sections = sections.dropFirst()
            (index, isSectionOpen) = (0, false)
        }
        return bytes + Array("}}".utf8)
    }
}
