import HTTPTypes

/// Headers that every answer has.
enum StandardHeaders {
    private static let crossOrigin: [HTTPField] = [
        HTTPField(name: .accessControlAllowOrigin, value: "*"),
        HTTPField(name: .accessControlAllowMethods, value: "GET, HEAD, POST, PUT, DELETE, OPTIONS"),
        HTTPField(name: .accessControlAllowHeaders, value: "X-Requested-With, Content-Type, Authorization"),
    ]

    /// APIs that browsers have no business with.
    private static let serverToServer = ["/_matrix/federation/", "/_matrix/key/", "/_matrix/policy/", "/_matrix/app/"]

    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#web-browser-clients
    static func preflight(for path: String) -> ServerResponse {
        var response = ServerResponse(status: .noContent)
        addCrossOrigin(to: &response, for: path)
        return response
    }

    static func add(to response: inout ServerResponse, for path: String) {
        addCrossOrigin(to: &response, for: path)
        // Answers are about one user at one moment. Media says otherwise for itself.
        if !response.headers.contains(.cacheControl) {
            response.headers.append(HTTPField(name: .cacheControl, value: "no-cache, no-store, must-revalidate"))
        }
    }

    private static func addCrossOrigin(to response: inout ServerResponse, for path: String) {
        guard !serverToServer.contains(where: path.hasPrefix) else { return }
        for field in crossOrigin where !response.headers.contains(field.name) { response.headers.append(field) }
    }
}
