package import HTTPTypes
package import MatrixCore

/// What `/.well-known/matrix/server` says, and for how long.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#getwell-knownmatrixserver
package struct WellKnownServer: Sendable, Equatable {
    package static let maximumBytes = 50 * 1024
    package static let maximumRedirects = 5
    static let usualLifetime = Duration.seconds(24 * 3600)
    static let lifetimes = Duration.seconds(300)...Duration.seconds(48 * 3600)
    static let firstFailureLifetime = Duration.seconds(120)
    static let longestFailureLifetime = Duration.seconds(3600)

    package let delegated: ServerName
    package let lifetime: Duration

    /// Nil when the answer is none of a server that delegates: another status, no JSON, no valid name.
    package init?(status: Int, headers: HTTPFields, body: [UInt8]) {
        guard status == 200, body.count <= Self.maximumBytes, let document = try? JSONDocument(parsing: body),
            let name = document["m.server"]?.string.flatMap(ServerName.init)
        else { return nil }
        delegated = name
        lifetime = Self.lifetime(headers[values: .cacheControl])
    }

    private static func lifetime(_ cacheControl: [String]) -> Duration {
        let directives = cacheControl.flatMap { $0.split(separator: ",") }.map {
            $0.filter { $0 != " " && $0 != "\t" && $0 != "\"" }.lowercased()
        }
        if directives.contains("no-store") || directives.contains("no-cache") { return lifetimes.lowerBound }
        let ages = directives.compactMap { $0.hasPrefix("max-age=") ? Int64($0.dropFirst(8)) : nil }
        guard let age = ages.first else { return usualLifetime }
        return min(max(.seconds(min(age, 1 << 32)), lifetimes.lowerBound), lifetimes.upperBound)
    }

    /// For how long it is believed that there is no file, after so many failures in a row.
    package static func failureLifetime(failures: Int) -> Duration {
        min(firstFailureLifetime * (1 << min(max(failures - 1, 0), 10)), longestFailureLifetime)
    }
}
