import Cluster
import MatrixCore
import Rooms
import Storage
import Telemetry

/// What a worker remembers of rooms, whoever asks and by which protocol.
struct RoomMemory: Sendable {
    let activities: RoomActivities
    let tails: RoomTails
    let members = MemberMemory()
    let openings = RoomOpenings()
    let earlierStates = EarlierStates()
    let bumps: RoomBumps

    init(reader: RoomReader, feed: LogFeed, log: LogStore, clock: any Clock) {
        activities = RoomActivities(feed: feed, log: log, clock: clock)
        bumps = RoomBumps(log: log)
        tails = RoomTails(feed: feed, store: reader.eventStore)
    }
}
