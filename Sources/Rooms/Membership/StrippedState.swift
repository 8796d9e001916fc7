package import MatrixCore

/// What another server tells of a room to those outside of it, as it is kept beside an invite or a knock: an array of stripped
/// state events.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#stripped-state
package enum StrippedState {
    /// What of it is in order and not too much, with the event itself that it came with in the end.
    ///
    /// - Parameters:
    ///   - events: stripped state events, or whole ones, of which only what is told to clients is kept.
    ///   - own: the invite or knock.
    package static func kept(of events: [JSONView], with own: Event) -> [UInt8] {
        var size = 0
        return JSONWriter.write { writer in
            writer.array { writer in
                for event in events where isInOrder(event) && !isMember(event, own.stateKey ?? "") {
                    guard let content = event["content"], let sender = event["sender"], let type = event["type"],
                        let key = event["state_key"]
                    else { continue }
                    let parts = [content, sender, type, key]
                    size += parts.reduce(64) { $0 + $1.rawBytes.count }
                    guard size <= RoomService.maxStrippedStateBytes else { break }
                    writer.object {
                        $0.field("content", content)
                        $0.field("sender", sender)
                        $0.field("state_key", key)
                        $0.field("type", type)
                    }
                }
                writer.object {
                    $0.field("content", own.content)
                    $0.field("sender", own.sender)
                    $0.field("state_key", own.stateKey ?? "")
                    $0.field("type", own.type)
                    $0.field(idMember, own.eventID)
                    $0.field(versionMember, own.version.identifier)
                }
            }
        }
    }

    /// What the invite or knock itself is kept with besides, which clients are not told: push gateways want to know its id, and
    /// by id and version it is known when the invite is taken back.
    package static let idMember = "event_id"
    static let versionMember = "room_version"

    /// The events of what was kept, as clients are told them.
    package static func told(_ array: [UInt8]) -> [[UInt8]] {
        guard let events = (try? JSONDocument(parsing: array))?.root.array else { return [] }
        return events.filter(\.isObject).map { event in
            guard event[idMember] != nil else { return Array(event.rawBytes) }
            return JSONWriter.write { writer in
                writer.object { writer in
                    guard let members = event.object else { return }
                    for (name, value) in members where name != idMember && name != versionMember {
                        writer.field(name, value)
                    }
                }
            }
        }
    }

    /// Others who sent the events, the one who invited the user first, each once.
    package static func senders(of array: [UInt8], tellingOf user: UserID) -> [UserID] {
        guard let events = (try? JSONDocument(parsing: array))?.root.array else { return [] }
        let own = events.filter { isMember($0, user.description) }
        var seen: Set<UserID> = [user]
        return (own + events).compactMap(sender).filter { seen.insert($0).inserted }
    }

    /// Who sent the invite that the state came with; the user, when it was a knock.
    package static func sender(ofMembershipOf user: UserID, in array: [UInt8]) -> UserID? {
        own(of: user, in: array).flatMap(sender)
    }

    /// The invite or knock itself.
    static func own(of user: UserID, in array: [UInt8]) -> JSONView? {
        guard let events = (try? JSONDocument(parsing: array))?.root.array else { return nil }
        return events.first { isMember($0, user.description) }
    }

    private static func sender(_ event: JSONView) -> UserID? { event["sender"]?.string.flatMap { UserID($0) } }

    private static func isInOrder(_ event: JSONView) -> Bool {
        guard let type = event["type"], let key = event["state_key"], event["content"]?.isObject == true else {
            return false
        }
        return type.isString && type.stringByteCount <= EventLimits.keyBytes && key.isString
            && key.stringByteCount <= EventLimits.keyBytes
            && sender(event) != nil
    }

    private static func isMember(_ event: JSONView, _ user: String) -> Bool {
        event["type"]?.stringEquals(EventType.member) == true && event["state_key"]?.stringEquals(user) == true
    }
}
