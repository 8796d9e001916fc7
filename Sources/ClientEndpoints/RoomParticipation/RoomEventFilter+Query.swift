import HTTPAPI
import MatrixCore
import Rooms

extension RoomEventFilter {
    /// The filter of the query parameter `filter`, a JSON object.
    init(query input: borrowing RequestInput) throws(MatrixError) {
        guard let text = input.query(optional: "filter") else {
            self.init()
            return
        }
        let document: JSONDocument
        do { document = try JSONDocument(parsing: text) } catch {
            throw MatrixError(.notJSON, "filter is not JSON", status: 400)
        }
        do { try self.init(document.root) } catch {
            throw MatrixError(.badJSON, "\(error.member) of the filter is not valid")
        }
    }
}
