import Cluster
import Ephemeral
import MatrixCore
import Storage
import Synchronization
import Telemetry

/// What local users' typing there is to tell other servers.
final class TypingOutlet: Sendable {
    /// Changes that wait to be taken in; older ones are lost.
    private static let maxWaiting = 1000
    /// Other servers forget who types after a minute or so; it is said again this often.
    private static let repeatInterval = Duration.seconds(30)
    /// Typists whose last telling is remembered; when full, some are told of more often.
    private static let maxRemembered = 20_000

    private struct Typist: Hashable {
        let roomNID: RoomNID
        let userID: UserID
    }

    private struct State {
        var taker: AsyncStream<Typing.Change>.Continuation?
        var told: [Typist: Duration] = [:]
    }

    private let own: ServerName
    private let clock: any Clock
    private let state = Mutex(State())

    init(_ typing: Typing, own: ServerName, clock: any Clock) {
        self.own = own
        self.clock = clock
        typing.observe { [weak self] change in self?.take(change) }
    }

    /// The changes from now on; an earlier stream ends.
    func changes() -> AsyncStream<Typing.Change> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Typing.Change.self, bufferingPolicy: .bufferingNewest(Self.maxWaiting))
        let last = state.withLock { state in
            defer { state.taker = continuation }
            return state.taker
        }
        last?.finish()
        return stream
    }

    private func take(_ change: Typing.Change) {
        guard change.userID.serverName == own else { return }
        let typist = Typist(roomNID: change.roomNID, userID: change.userID)
        let now = clock.monotonic
        let taker = state.withLock { state -> AsyncStream<Typing.Change>.Continuation? in
            if !change.isTyping {
                state.told[typist] = nil
            } else if change.isRenewal, let told = state.told[typist], now - told < Self.repeatInterval {
                return nil
            } else {
                if state.told.count >= Self.maxRemembered { state.told = [:] }
                state.told[typist] = now
            }
            return state.taker
        }
        taker?.yield(change)
    }
}
