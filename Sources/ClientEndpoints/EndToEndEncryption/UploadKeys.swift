import Encryption
package import HTTPAPI
package import MatrixCore

/// Publishes keys of the caller's device.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysupload
/// - Errors: 400 `M_BAD_JSON` for what has not the form of keys, or is of another user or device; 400 `M_INVALID_PARAM` for what
///   is no key, too many keys, an unknown algorithm; 400 `M_INVALID_SIGNATURE`; 413 `M_TOO_LARGE`; 400 `M_UNKNOWN` when another
///   key has the name.
package enum UploadKeys: Endpoint {
    package static let route = Route("uploadKeys", .post, "/_matrix/client/v3/keys/upload", guests: true)

    package struct Request: RequestDecodable {
        let keys: UncheckedKeys

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            let fields = try input.fields()
            keys = UncheckedKeys(
                deviceKeys: try fields.optional("device_keys"), oneTimeKeys: try fields.optional("one_time_keys"),
                fallbackKeys: try fields.optional("fallback_keys"))
        }
    }

    package struct Response: JSONResponse {
        let counts: [String: Int]

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.object(key: "one_time_key_counts") { json in
                    for (algorithm, count) in counts.sorted(by: { $0.key < $1.key }) { json.field(algorithm, count) }
                }
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: EncryptionEndpointServices
    ) async throws -> Response {
        guard let deviceID = caller.deviceID else { throw MatrixError.invalidParam("Only devices have keys") }
        var counts = try await services.uploads.upload(request.keys, of: caller.userNID, deviceID: deviceID)
        counts[KeyUploads.usualAlgorithm, default: 0] += 0
        return Response(counts: counts)
    }
}
