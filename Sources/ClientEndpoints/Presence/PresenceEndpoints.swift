package import Ephemeral
package import HTTPAPI

/// The endpoints about who is there.
package enum PresenceEndpoints {
    package static let all: [any Endpoint<UserPresence>.Type] = [GetPresence.self, SetPresence.self]
}
