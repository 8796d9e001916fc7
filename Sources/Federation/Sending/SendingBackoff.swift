import FederationAPI
import Storage
import Telemetry

/// When a server that could not be reached is tried again: soon at first, then more and more rarely.
enum SendingBackoff {
    static let first = Duration.seconds(2)
    static let longest = Duration.seconds(3600)
    /// What a server may ask for in `Retry-After`.
    private static let longestAskedFor = Duration.seconds(86_400)

    /// - Parameter earlier: what is known from the last attempt, if that failed as well.
    static func after(
        _ error: any Error, earlier: DestinationTrouble?, now: Int64, random: any RandomSource
    ) -> DestinationTrouble {
        let last = earlier?.retryInterval ?? 0
        let longest = Self.longest.wholeMilliseconds
        let interval = last <= 0 ? first.wholeMilliseconds : min(last > longest / 2 ? longest : last * 2, longest)
        var pause = random.jittered(.milliseconds(interval)).wholeMilliseconds
        if case .refused(_, _, _, _, let asked?) = error as? FederationError {
            pause = max(pause, min(asked, longestAskedFor).wholeMilliseconds)
        }
        return DestinationTrouble(
            failingSince: earlier?.failingSince ?? now, retryAt: now + pause, retryInterval: interval)
    }
}
