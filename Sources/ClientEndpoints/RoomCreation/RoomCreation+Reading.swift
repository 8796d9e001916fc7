import HTTPAPI
import MatrixCore
import Rooms

extension RoomCreation {
    /// Reads what a client asks for.
    ///
    /// - Returns: the creation, once it is known which version the server takes by default.
    static func reading(_ fields: JSONFields) throws(MatrixError) -> @Sendable (RoomVersion) -> RoomCreation {
        var version: RoomVersion?
        if let name: String = try fields.optional("room_version") {
            guard let known = RoomVersion(name) else {
                throw MatrixError(.unsupportedRoomVersion, "this server does not know room version \(name)")
            }
            version = known
        }
        var creation = RoomCreation(version: .default)
        if let visibility: String = try fields.optional("visibility") {
            guard visibility == "public" || visibility == "private" else {
                throw .invalidParam("visibility must be public or private")
            }
            creation.isPublished = visibility == "public"
        }
        creation.preset = try fields.optional("preset") { Preset(rawValue: $0) }
        creation.aliasLocalpart = try fields.optional("room_alias_name")
        creation.name = try fields.optional("name")
        creation.topic = try fields.optional("topic")
        creation.invites = try fields.optional(each: "invite") { UserID($0) } ?? []
        creation.isDirect = try fields.optional("is_direct") ?? false
        if let content: JSONValue = try fields.optional("creation_content") {
            guard let object = content.object else { throw .badJSON("creation_content must be an object") }
            creation.creationContent = object
        }
        if let levels: JSONValue = try fields.optional("power_level_content_override") {
            guard let object = levels.object else { throw .badJSON("power_level_content_override must be an object") }
            creation.powerLevels = object
        }
        creation.initialState = try initialState(fields)
        let (read, named) = (creation, version)
        return { defaultVersion in
            var creation = read
            creation.version = named ?? defaultVersion
            return creation
        }
    }

    private static func initialState(_ fields: JSONFields) throws(MatrixError) -> [StateEvent] {
        guard let value: JSONValue = try fields.optional("initial_state") else { return [] }
        guard let array = value.array else { throw .badJSON("initial_state must be an array") }
        var events: [StateEvent] = []
        for element in array {
            guard let type = element["type"]?.string, let content = element["content"], content.object != nil else {
                throw .badJSON("initial_state must hold state events")
            }
            let key = element["state_key"]
            guard key == nil || key?.string != nil else { throw .badJSON("state_key must be a string") }
            events.append(StateEvent(type: type, stateKey: key?.string ?? "", content: content))
        }
        return events
    }
}
