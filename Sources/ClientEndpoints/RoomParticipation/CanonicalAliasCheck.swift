import MatrixCore
import Rooms

/// A canonical alias must name the room that it is set in. Those that were set before may have gone since, which must not
/// keep anybody from changing the others.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#mroomcanonical_alias
struct CanonicalAliasCheck {
    /// Aliases of one event that are looked up.
    private static let maxAliases = 50

    let rooms: RoomService
    let aliases: any RoomAliasing

    /// - Throws: 400 `M_BAD_ALIAS`, 400 `M_INVALID_PARAM` for what is no alias at all.
    func check(_ content: JSONView, of roomID: RoomID) async throws {
        let named = try Self.names(in: content)
        guard !named.isEmpty else { return }
        let known = try await current(in: roomID)
        for text in named where !known.contains(text) {
            guard let alias = RoomAlias(text) else { throw MatrixError(.invalidParam, "\(text) is not an alias") }
            let found: RoomID?
            do { found = try await aliases.resolve(alias).roomID } catch is MatrixError { found = nil }
            guard found == roomID else { throw MatrixError(.badAlias, "\(alias) does not name this room") }
        }
    }

    private static func names(in content: JSONView) throws(MatrixError) -> [String] {
        var named: [String] = []
        if let alias = content["alias"], !alias.isNull {
            guard let text = alias.string else { throw MatrixError(.invalidParam, "alias must be a string") }
            named.append(text)
        }
        if let alternatives = content["alt_aliases"], !alternatives.isNull {
            guard let array = alternatives.array, array.count <= maxAliases else {
                throw MatrixError(.invalidParam, "alt_aliases must be a short array")
            }
            for alternative in array {
                guard let text = alternative.string else {
                    throw MatrixError(.invalidParam, "alt_aliases holds strings")
                }
                named.append(text)
            }
        }
        return named
    }

    /// The aliases by which the room calls itself already.
    private func current(in roomID: RoomID) async throws -> Set<String> {
        guard let room = try await rooms.reader.room(roomID),
            let content = try await rooms.reader.current(room)?.content(EventType.canonicalAlias)
        else { return [] }
        let alternatives = content["alt_aliases"]?.array?.compactMap(\.string) ?? []
        return Set(alternatives + (content["alias"]?.string.map { [$0] } ?? []))
    }
}
