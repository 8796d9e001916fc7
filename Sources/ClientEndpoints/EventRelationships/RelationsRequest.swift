package import HTTPAPI
package import MatrixCore
import Rooms

/// What is asked of the events that relate to another. The three operations differ by their paths alone.
package struct RelationsRequest: RequestDecodable {
    let roomID: RoomID
    let eventID: EventID
    let question: RoomService.RelationQuestion
    /// Whether the client says something of recursion.
    let asksForRecursion: Bool

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        roomID = try input.path("roomId", { RoomID($0) })
        eventID = try input.path("eventId", { EventID($0) })
        var question = RoomService.RelationQuestion()
        question.relationType = try input.path(optional: "relType")
        question.eventType = try input.path(optional: "eventType")
        question.recurses = try input.query(flag: "recurse")
        question.from = input.query(optional: "from")
        question.to = input.query(optional: "to")
        question.direction =
            try input.query(optional: "dir", { RoomService.Direction(rawValue: $0) }) ?? question.direction
        question.limit = try input.query(number: "limit", in: 0...RoomService.maxRelations) ?? question.limit
        self.question = question
        asksForRecursion = input.query(optional: "recurse") != nil
    }
}

/// A page of events that relate to another.
package struct RelationsResponse: JSONResponse {
    let chunk: [[UInt8]]
    let previousBatch: String?
    let nextBatch: String?
    let recursionDepth: Int?

    package var expectedBytes: Int { chunk.reduce(200) { $0 + $1.count + 1 } }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.key("chunk")
            EventList(events: chunk).write(to: &json)
            json.field(optional: "next_batch", nextBatch)
            json.field(optional: "prev_batch", previousBatch)
            json.field(optional: "recursion_depth", recursionDepth)
        }
    }
}

extension RoomEndpointServices {
    func relations(_ request: RelationsRequest, for caller: LocalUser) async throws -> RelationsResponse {
        let readable = try await readableRoom(request.roomID, by: caller, otherwise: .unknownEvent)
        let page = try await rooms.relations(of: request.eventID, in: readable, request.question)
        let depth = request.question.recurses ? RoomService.relationLevels : 1
        return RelationsResponse(
            chunk: try await render(page.events, in: readable, for: caller), previousBatch: request.question.from,
            nextBatch: page.endToken, recursionDepth: request.asksForRecursion ? depth : nil)
    }
}
