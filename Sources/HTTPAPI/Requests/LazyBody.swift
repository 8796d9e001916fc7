import MatrixCore
import NIOCore

/// The body of a request, parsed when it is first asked for. It lives as long as the request is being read.
final class LazyBody {
    private enum State {
        case unread
        case empty
        case object(JSONDocument)
        case refused(MatrixError)
    }

    let buffer: ByteBuffer
    private var state = State.unread

    init(_ buffer: ByteBuffer) { self.buffer = buffer }

    /// A body that was parsed already, because a signature covers it.
    init(_ buffer: ByteBuffer, parsed: JSONDocument?) {
        self.buffer = buffer
        if let parsed { state = .object(parsed) }
    }

    /// The body as an object; nil when it is empty.
    func object() throws(MatrixError) -> JSONDocument? {
        if case .unread = state { state = Self.parse(buffer) }
        switch state {
        case .unread, .empty: return nil
        case .object(let document): return document
        case .refused(let error): throw error
        }
    }

    private static func parse(_ buffer: ByteBuffer) -> State {
        guard buffer.readableBytes > 0 else { return .empty }
        do {
            let document = try JSONDocument.parseBody(buffer)
            return .object(document)
        } catch {
            return .refused(error)
        }
    }
}

extension JSONDocument {
    /// Parses the body of a request, which must be an object.
    static func parseBody(_ buffer: ByteBuffer) throws(MatrixError) -> JSONDocument {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: Array(buffer.readableBytesView))
        } catch {
            throw MatrixError(.notJSON, "The body is not valid JSON: \(error)", status: 400)
        }
        guard document.root.isObject else { throw .badJSON("The body must be a JSON object") }
        return document
    }
}
