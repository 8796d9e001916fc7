import Encryption
package import HTTPAPI
package import MatrixCore

/// Adds signatures that the caller's keys have made over keys.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keyssignaturesupload
/// - Errors: 400 `M_BAD_JSON`, `M_INVALID_PARAM`. What is wrong with one signature stands among the failures.
package enum UploadCrossSigningSignatures: Endpoint {
    package static let route = Route(
        "uploadCrossSigningSignatures", .post, "/_matrix/client/v3/keys/signatures/upload",
        unstable: ["/_matrix/client/unstable/keys/signatures/upload"])

    package struct Request: RequestDecodable {
        let objects: [UserID: [String: JSONView]]

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            var objects: [UserID: [String: JSONView]] = [:]
            guard let users = try input.body().root.object else { throw .badJSON("The body must be an object") }
            for (name, view) in users {
                guard let user = UserID(name) else { throw .invalidParam("\(name) is no user id") }
                guard let keys = view.object, keys.allSatisfy({ $0.value.isObject }) else {
                    throw .badJSON("\(name) must have objects of keys")
                }
                objects[user] = Dictionary(keys.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
            }
            self.objects = objects
        }
    }

    package struct Response: JSONResponse {
        let failures: SignatureUploads.Failures

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.object(key: "failures") { json in
                    for (user, errors) in failures {
                        json.object(key: user.description) { json in
                            for (name, error) in errors {
                                json.object(key: name) { json in
                                    json.field(optional: "errcode", error.errcode?.rawValue)
                                    json.field("error", error.message)
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: EncryptionEndpointServices
    ) async throws -> Response {
        Response(failures: try await services.signatures.upload(request.objects, by: caller.userNID))
    }
}
