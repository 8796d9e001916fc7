package import Accounts
package import HTTPAPI
package import MatrixCore

/// Tells from where and when a user was last seen: the user, or an administrator.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3adminwhoisuserid
/// - Errors: 403 `M_FORBIDDEN` to others; 400 `M_INVALID_PARAM` for a user of another server; 404 `M_NOT_FOUND`.
package enum GetWhoIs: Endpoint {
    package static let route = Route("getWhoIs", .get, "/_matrix/client/v3/admin/whois/{userId}")

    package struct Response: JSONResponse {
        let userID: UserID
        let devices: [UserSightings.SeenDevice]

        package var expectedBytes: Int { 128 + devices.count * 128 }

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("user_id", userID)
                json.object(key: "devices") { json in
                    for device in devices { json.object(key: device.deviceID) { Self.write(device, to: &$0) } }
                }
            }
        }

        /// A device is one session here, and only its last address is known.
        private static func write(_ device: UserSightings.SeenDevice, to json: inout JSONWriter) {
            json.array(key: "sessions") { json in
                json.object { json in
                    json.array(key: "connections") { json in
                        guard device.address != nil || device.milliseconds != nil else { return }
                        json.object { json in
                            json.field(optional: "ip", device.address)
                            json.field(optional: "last_seen", device.milliseconds)
                        }
                    }
                }
            }
        }
    }

    package static func handle(
        _ request: ModeratedUser, from caller: LocalUser, with services: AccountServices
    ) async throws -> Response {
        Response(
            userID: request.userID, devices: try await services.sightings.devices(of: request.userID, for: caller))
    }
}
