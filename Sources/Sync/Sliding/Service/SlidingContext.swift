import Cluster
import MatrixCore
import Rooms
import Storage

/// One answer while it is made.
struct SlidingContext: Sendable {
    let view: UserView
    let deviceID: String?
    let dialect: SlidingRequest.Dialect
    /// What the client has seen; `nil` in the first answer of a connection.
    let since: SyncToken?
    /// The token of this answer.
    let next: SyncToken
    /// What is different since then; `nil` in the first answer.
    private(set) var changes: ChangeSet?
    /// What the connection was told before this answer.
    private(set) var told: ConnectionState
    let account: AccountFacts
    let ignored: Set<UserID>
    /// Reads for all rooms of the answer together.
    let reader: RoomReader
    let now: Int64

    var user: UserRecord { view.user }

    /// The same for whoever asks again at once.
    func after(telling told: ConnectionState) -> SlidingContext {
        var context = self
        context.told = told
        context.changes = nil
        return context
    }

    func head(of room: RoomRecord) -> Int64 { view.heads[room.shard] }

    /// Up to where, in the room's shard, the client knows the events of a room that it was told.
    func known(_ told: ToldRoom, of room: RoomRecord) -> Int64 {
        if case .upTo(let position) = told.events { return position }
        return since?.log[room.shard] ?? 0
    }
}
