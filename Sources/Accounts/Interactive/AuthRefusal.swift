package import MatrixCore

/// Why a stage is not complete, in the words of the challenge.
package enum AuthRefusal: Sendable, Hashable {
    case sessionIsUnknown
    case stageIsNotOffered
    case passwordIsWrong
    case registrationTokenIsWrong
    /// Documents were changed since they were shown; the challenge shows those of now.
    case termsHaveChanged
    case termsAreNotAccepted
    case missing(String)

    package var errcode: Errcode {
        switch self {
        case .sessionIsUnknown, .passwordIsWrong, .termsHaveChanged, .termsAreNotAccepted: .forbidden
        case .stageIsNotOffered: .unrecognized
        case .registrationTokenIsWrong: .unauthorized
        case .missing: .missingParam
        }
    }

    package var message: String {
        switch self {
        case .sessionIsUnknown: "The session is unknown or over"
        case .stageIsNotOffered: "This stage is not offered"
        case .passwordIsWrong: "Invalid password"
        case .registrationTokenIsWrong: "Invalid registration token"
        case .termsHaveChanged: "The terms have changed"
        case .termsAreNotAccepted: "Not all documents were accepted"
        case .missing(let name): "Missing parameter: \(name)"
        }
    }
}
