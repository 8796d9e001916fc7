package import MatrixCore

/// A user's tags on rooms. They are one piece of account data of the room, `m.tag`.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#room-tagging
package struct RoomTags: Sendable {
    /// A tag's name, in bytes.
    private static let maxNameBytes = 255
    /// Tags on one room.
    private static let maxTags = 500
    /// So often a change is tried again that met another.
    private static let maxAttempts = 8
    private static let type = "m.tag"

    let accountData: AccountData

    package init(accountData: AccountData) { self.accountData = accountData }

    /// The content of `m.tag`, without tags when there is none.
    package func tags(in room: RoomID, of user: UserNID) async throws -> JSONValue {
        try await read(room: try await accountData.number(of: room), user).content
    }

    /// Sets a tag.
    ///
    /// - Parameter value: the tag's object.
    /// - Throws: `M_BAD_JSON` when `order` is not a number between 0 and 1.
    package func set(_ tag: String, to value: JSONValue, in room: RoomID, of user: UserNID) async throws {
        guard tag.utf8.count <= Self.maxNameBytes else { throw MatrixError.invalidParam("The tag is too long") }
        if let order = value["order"], !order.isNull {
            guard let number = order.double, (0...1).contains(number) else {
                throw MatrixError.badJSON("order must be a number between 0 and 1")
            }
        }
        try await change(in: room, of: user) { tags in
            guard tags[tag] != nil || tags.count < Self.maxTags else {
                throw MatrixError(.resourceLimitExceeded, "This room has too many tags")
            }
            tags[tag] = value
        }
    }

    /// Removes a tag; that it is not there is no error.
    package func remove(_ tag: String, in room: RoomID, of user: UserNID) async throws {
        try await change(in: room, of: user) { $0[tag] = nil }
    }

    /// Reads, changes and writes, again when somebody else wrote in between.
    private func change(
        in room: RoomID, of user: UserNID, _ body: (inout [String: JSONValue]) throws -> Void
    ) async throws {
        let room = try await accountData.number(of: room)
        for _ in 0..<Self.maxAttempts {
            let (content, position) = try await read(room: room, user)
            let before = content["tags"]?.object ?? [:]
            var tags = before
            try body(&tags)
            if tags == before { return }
            let bytes = JSONValue.object(["tags": .object(tags)]).canonicalBytes
            if try await accountData.setManaged(Self.type, in: room, of: user, to: bytes, expected: position) { return }
        }
        throw MatrixError.limitExceeded(retryAfter: .seconds(1))
    }

    private func read(room: RoomNID?, _ user: UserNID) async throws -> (content: JSONValue, position: Int64) {
        let found = try await accountData.read(Self.type, room, user)
        let content = found?.content.flatMap { try? JSONValue(parsing: $0) }
        guard let content, content["tags"]?.object != nil else { return (["tags": [:]], found?.position ?? 0) }
        return (content, found?.position ?? 0)
    }
}
