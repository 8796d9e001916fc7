import MatrixCore
import NIOCore

/// Takes an answer's lists apart while it arrives, and parses their elements.
struct ElementReader {
    /// Elements that are handed over at once: enough for several processors, and little to keep.
    private static let elementsAtOnce = 512
    /// An event with whatever its server adds to it.
    private static let maximumElementBytes = 1 << 20

    private let maximum: Int
    private var stream: JSONElementStream
    private var counts: [Int]
    private var elements: [(array: Int, value: JSONView)] = []

    init(lists: [String], maximum: Int) {
        self.maximum = maximum
        counts = [Int](repeating: 0, count: lists.count)
        stream = JSONElementStream(
            elementsOf: lists, maximumElementBytes: Self.maximumElementBytes,
            maximumRestBytes: FederationCall.usualBytes)
    }

    var isEmpty: Bool { elements.isEmpty }
    var isFull: Bool { elements.count >= Self.elementsAtOnce }

    mutating func read(_ chunk: ByteBuffer) throws(FederationError) {
        do {
            for element in try stream.read(chunk.readableBytesUInt8Span) {
                counts[element.array] += 1
                guard counts[element.array] <= maximum else { throw FederationError.malformed("a list is too long") }
                let value = try JSONDocument(parsing: element.bytes).root
                if value.isObject { elements.append((element.array, value)) }
            }
        } catch let error as FederationError {
            throw error
        } catch {
            throw .malformed("not a JSON object")
        }
    }

    mutating func takeElements() -> [(array: Int, value: JSONView)] {
        let some = Array(elements.prefix(Self.elementsAtOnce))
        elements.removeFirst(some.count)
        return some
    }

    func finish() throws(FederationError) -> JSONDocument {
        do { return try stream.finish() } catch { throw .malformed("not a JSON object") }
    }
}
