package import HTTPAPI
package import MatrixCore

/// Tells which versions of the specification are served.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientversions
package enum GetVersions: Endpoint {
    package static let route = Route("getVersions", .get, "/_matrix/client/versions", guests: true)

    /// A version is listed when everything that it adds or changes is served which clients do without asking because they see
    /// the version. Whole modules that are not served answer 404 `M_UNRECOGNIZED`, whatever is listed. Of v1.17 application
    /// services that act as a device of a user are missing, which then must be refused when there is no such device; of v1.18
    /// the signatures of policy servers, without which rooms that have one take nothing. Of v1.19 all is served.
    static let versions = [
        "r0.5.0", "r0.6.0", "r0.6.1", "v1.1", "v1.2", "v1.3", "v1.4", "v1.5", "v1.6", "v1.7", "v1.8", "v1.9", "v1.10",
        "v1.11", "v1.12", "v1.13", "v1.14", "v1.15", "v1.16",
    ]
    /// Named as they were before the specification had them, or because it does not have them yet.
    static let unstableFeatures = [
        "org.matrix.e2e_cross_signing", "org.matrix.msc3391", "org.matrix.msc3814", "org.matrix.msc4140",
        "org.matrix.msc4155", "org.matrix.msc4306", "org.matrix.msc4354", "org.matrix.msc3916.stable",
        "org.matrix.simplified_msc3575", "uk.half-shot.msc2666.query_mutual_rooms",
        "uk.tcpip.msc4133", "uk.tcpip.msc4133.stable",
    ]

    package struct Response: JSONResponse {
        package var expectedBytes: Int { 512 }

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("versions", strings: versions)
                json.key("unstable_features")
                json.object { json in for feature in unstableFeatures { json.field(feature, true) } }
            }
        }
    }

    package static func handle(
        _ request: EmptyRequest, from caller: LocalUserOrAnyone, with services: DiscoveryServices
    ) async throws -> Response { Response() }
}
