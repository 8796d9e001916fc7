package import HTTPAPI
package import MatrixCore
import Rooms

/// Tells what the caller can do here.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3capabilities
package enum GetCapabilities: Endpoint {
    package static let route = Route("getCapabilities", .get, "/_matrix/client/v3/capabilities", rateLimit: .requests)

    package struct Response: JSONResponse {
        let defaultRoomVersion: String
        let isAdministrator: Bool
        let delayedEvents: DelayedEvents.Limits
        let forgetsOnLeave: Bool

        package var expectedBytes: Int { 768 }

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.key("capabilities")
                json.object { json in
                    writeFlags(to: &json)
                    writeRoomVersions(to: &json)
                    json.object(key: "org.matrix.msc4140.delayed_events") { json in
                        json.field("max_delay_ms", delayedEvents.maxDelayMilliseconds)
                        json.field("max_scheduled", delayedEvents.maxScheduled)
                    }
                    guard isAdministrator else { return }
                    json.field("m.account_moderation", ["lock": true, "suspend": true] as JSONValue)
                }
            }
        }

        private func writeFlags(to json: inout JSONWriter) {
            let flags = [
                ("m.change_password", true), ("m.profile_fields", true), ("m.set_displayname", true),
                ("m.set_avatar_url", true), ("m.3pid_changes", false), ("m.get_login_token", false),
                ("m.forget_forced_upon_leave", forgetsOnLeave),
            ]
            for (name, isEnabled) in flags {
                json.key(name)
                json.object { $0.field("enabled", isEnabled) }
            }
        }

        private func writeRoomVersions(to json: inout JSONWriter) {
            json.key("m.room_versions")
            json.object { json in
                json.field("default", defaultRoomVersion)
                json.key("available")
                json.object { json in
                    for version in RoomVersion.supported {
                        json.field(version.identifier, version.isStable ? "stable" : "unstable")
                    }
                }
            }
        }
    }

    package static func handle(
        _ request: EmptyRequest, from caller: LocalUser, with services: DiscoveryServices
    ) async throws -> Response {
        Response(
            defaultRoomVersion: services.defaultRoomVersion, isAdministrator: caller.isAdministrator,
            delayedEvents: services.delayedEvents, forgetsOnLeave: services.forgetsOnLeave)
    }
}
