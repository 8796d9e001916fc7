import FederationAPI
import HTTPAPI
import MatrixCore
import Telemetry

/// Asks one server after the other until one does what we want.
struct ServerTrials: Sendable {
    /// However many servers a client names.
    static let maxServers = 20
    /// After that no further server is tried: somebody waits for the answer.
    static let longestTime = Duration.seconds(120)
    /// What one server has for a short question.
    static let answerTime = Duration.seconds(25)

    private let clock: any Clock

    init(clock: any Clock) { self.clock = clock }

    /// - Parameter attempt: throws `FederationError` when another server may do better, anything else to end the trials.
    /// - Throws: what tells most of why it did not work; 404 `M_NOT_FOUND` when there was nobody to ask.
    func first<Result: Sendable>(
        of servers: [ServerName], _ attempt: (ServerName) async throws -> Result
    ) async throws -> Result {
        let end = clock.monotonic + Self.longestTime
        var reason: FederationError?
        for server in servers.prefix(Self.maxServers) where clock.monotonic < end {
            do { return try await attempt(server) } catch let error as FederationError {
                if error.weight >= reason?.weight ?? 0 { reason = error }
                if error.isFinal { break }
            }
        }
        throw reason?.matrixError ?? MatrixError(.notFound, "no server is known that is in this room")
    }

    /// Makes a short call, and gives up early.
    func quickly<Result: Sendable>(_ call: @escaping @Sendable () async throws -> Result) async throws -> Result {
        do { return try await clock.withDeadline(Self.answerTime, call) } catch is DeadlineExceeded {
            throw FederationError.unreachable(.timedOut)
        }
    }
}

extension FederationError {
    private var errcode: Errcode? {
        guard case .refused(_, let errcode, _, _, _) = self else { return nil }
        return errcode.flatMap { Errcode(rawValue: $0) }
    }

    /// Whether other servers would say the same: the room does not want the user, or has a version that we do not have.
    /// A restricted room may want them all the same, through a server that knows or may do more.
    fileprivate var isFinal: Bool {
        switch errcode {
        case .forbidden, .incompatibleRoomVersion, .unsupportedRoomVersion, .inviteBlocked: true
        default: false
        }
    }

    /// How much a client learns from it about the room.
    fileprivate var weight: Int {
        switch errcode {
        case .incompatibleRoomVersion, .unsupportedRoomVersion, .forbidden, .inviteBlocked: 3
        case .unableToAuthoriseJoin, .unableToGrantJoin, .badState: 2
        // Only when nobody says anything else: it is true of the one server.
        case .notFound: 0
        default: 1
        }
    }
}
