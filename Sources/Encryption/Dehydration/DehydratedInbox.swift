package import MatrixCore
package import Storage

/// What was sent to the devices that are stored, for those who wake them. Nothing is deleted by reading: who breaks off begins anew,
/// and the messages go with the device.
///
/// - Spec: MSC3814
package struct DehydratedInbox: Sendable {
    package static let maxMessages = DeviceMessageStore.maxMessages

    private let store: DehydratedDeviceStore

    package init(store: DehydratedDeviceStore) { self.store = store }

    /// A part of the messages, in their order.
    package struct Page: Sendable {
        /// JSON.
        package let messages: [[UInt8]]
        /// Where the next page begins.
        package let end: String
        /// Whether there is more already.
        package let hasMore: Bool
    }

    /// - Parameter token: the end of the page before; `nil` begins with the oldest.
    /// - Throws: `M_FORBIDDEN` when no such device of the user is stored; `M_INVALID_PARAM` for what is no token.
    package func page(
        for deviceID: String, of user: UserNID, from token: String?, limit: Int
    ) async throws -> Page {
        let place = try token.map(Self.place)
        guard try await store.device(of: user)?.deviceID == deviceID else {
            throw MatrixError.forbidden("You may only fetch messages for your dehydrated device")
        }
        let page = try await store.messages(for: deviceID, of: user, after: place, limit: limit)
        let end = page.messages.last?.place ?? place ?? InboxPlace(position: 0, order: 0)
        return Page(messages: page.messages.map(\.body), end: Self.token(for: end), hasMore: page.isCut)
    }

    private static func token(for place: InboxPlace) -> String { "d\(place.position)_\(place.order)" }

    private static func place(of token: String) throws(MatrixError) -> InboxPlace {
        let parts = token.dropFirst().split(separator: "_", omittingEmptySubsequences: false)
        guard token.first == "d", parts.count == 2, let position = Int64(parts[0]), let order = Int32(parts[1]),
            position >= 0, order >= 0
        else { throw .invalidParam("The token is not one of ours") }
        return InboxPlace(position: position, order: order)
    }
}
