package import Federation
package import HTTPAPI

/// The endpoints about the keys of servers, ours and others'.
package enum KeyEndpoints {
    package static let all: [any Endpoint<KeyNotary>.Type] = [
        GetServerKey.self, PerspectivesKeyQuery.self, BulkPerspectivesKeyQuery.self,
    ]
}
