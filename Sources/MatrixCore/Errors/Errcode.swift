/// The error codes of the Matrix APIs.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#standard-error-response
package enum Errcode: String, Sendable, CaseIterable {
    case appserviceLoginUnsupported = "M_APPSERVICE_LOGIN_UNSUPPORTED"
    case badAlias = "M_BAD_ALIAS"
    case badJSON = "M_BAD_JSON"
    case badState = "M_BAD_STATE"
    case badStatus = "M_BAD_STATUS"
    case cannotLeaveServerNoticeRoom = "M_CANNOT_LEAVE_SERVER_NOTICE_ROOM"
    case cannotOverwriteMedia = "M_CANNOT_OVERWRITE_MEDIA"
    case captchaInvalid = "M_CAPTCHA_INVALID"
    case captchaNeeded = "M_CAPTCHA_NEEDED"
    case conflictingUnsubscription = "M_CONFLICTING_UNSUBSCRIPTION"
    case connectionFailed = "M_CONNECTION_FAILED"
    case connectionTimeout = "M_CONNECTION_TIMEOUT"
    case consentNotGiven = "M_CONSENT_NOT_GIVEN"
    case destinationRejected = "M_DESTINATION_REJECTED"
    case duplicateAnnotation = "M_DUPLICATE_ANNOTATION"
    case emailSendError = "M_EMAIL_SEND_ERROR"
    case exclusive = "M_EXCLUSIVE"
    case forbidden = "M_FORBIDDEN"
    case guestAccessForbidden = "M_GUEST_ACCESS_FORBIDDEN"
    case incompatibleRoomVersion = "M_INCOMPATIBLE_ROOM_VERSION"
    case invalidAddress = "M_INVALID_ADDRESS"
    case invalidEmail = "M_INVALID_EMAIL"
    case invalidParam = "M_INVALID_PARAM"
    case invalidPepper = "M_INVALID_PEPPER"
    case invalidRoomState = "M_INVALID_ROOM_STATE"
    case invalidSignature = "M_INVALID_SIGNATURE"
    case invalidUsername = "M_INVALID_USERNAME"
    case inviteBlocked = "M_INVITE_BLOCKED"
    case keyTooLarge = "M_KEY_TOO_LARGE"
    case limitExceeded = "M_LIMIT_EXCEEDED"
    case missingParam = "M_MISSING_PARAM"
    case missingParams = "M_MISSING_PARAMS"
    case missingToken = "M_MISSING_TOKEN"
    case noValidSession = "M_NO_VALID_SESSION"
    case notFound = "M_NOT_FOUND"
    case notInThread = "M_NOT_IN_THREAD"
    case notJSON = "M_NOT_JSON"
    case notYetUploaded = "M_NOT_YET_UPLOADED"
    case profileTooLarge = "M_PROFILE_TOO_LARGE"
    case resourceLimitExceeded = "M_RESOURCE_LIMIT_EXCEEDED"
    case roomInUse = "M_ROOM_IN_USE"
    case sendError = "M_SEND_ERROR"
    case serverNotTrusted = "M_SERVER_NOT_TRUSTED"
    case sessionExpired = "M_SESSION_EXPIRED"
    case sessionNotValidated = "M_SESSION_NOT_VALIDATED"
    case termsNotSigned = "M_TERMS_NOT_SIGNED"
    case threepidAuthFailed = "M_THREEPID_AUTH_FAILED"
    case threepidDenied = "M_THREEPID_DENIED"
    case threepidInUse = "M_THREEPID_IN_USE"
    case threepidMediumNotSupported = "M_THREEPID_MEDIUM_NOT_SUPPORTED"
    case threepidNotFound = "M_THREEPID_NOT_FOUND"
    case tokenIncorrect = "M_TOKEN_INCORRECT"
    case tooLarge = "M_TOO_LARGE"
    case unableToAuthoriseJoin = "M_UNABLE_TO_AUTHORISE_JOIN"
    case unableToGrantJoin = "M_UNABLE_TO_GRANT_JOIN"
    case unauthorized = "M_UNAUTHORIZED"
    case unknown = "M_UNKNOWN"
    case unknownDevice = "M_UNKNOWN_DEVICE"
    case unknownPosition = "M_UNKNOWN_POS"
    case unknownToken = "M_UNKNOWN_TOKEN"
    case unrecognized = "M_UNRECOGNIZED"
    case unsupportedRoomVersion = "M_UNSUPPORTED_ROOM_VERSION"
    /// As they are called before the proposal (MSC4306) is part of the specification.
    case unstableConflictingUnsubscription = "IO.ELEMENT.MSC4306.M_CONFLICTING_UNSUBSCRIPTION"
    case unstableNotInThread = "IO.ELEMENT.MSC4306.M_NOT_IN_THREAD"
    case urlNotSet = "M_URL_NOT_SET"
    case userDeactivated = "M_USER_DEACTIVATED"
    case userInUse = "M_USER_IN_USE"
    case userLimitExceeded = "M_USER_LIMIT_EXCEEDED"
    case userLocked = "M_USER_LOCKED"
    case userSuspended = "M_USER_SUSPENDED"
    case weakPassword = "M_WEAK_PASSWORD"
    case wrongRoomKeysVersion = "M_WRONG_ROOM_KEYS_VERSION"

    /// The HTTP status that goes with the code unless an endpoint says otherwise.
    package var usualStatus: Int {
        switch self {
        case .missingToken, .unknownToken, .unauthorized, .userLocked, .tokenIncorrect: 401
        case .forbidden, .guestAccessForbidden, .cannotLeaveServerNoticeRoom, .consentNotGiven, .inviteBlocked,
            .resourceLimitExceeded, .termsNotSigned, .threepidDenied, .userDeactivated, .userSuspended,
            .userLimitExceeded, .wrongRoomKeysVersion, .destinationRejected:
            403
        case .notFound, .threepidNotFound, .unrecognized: 404
        case .cannotOverwriteMedia, .conflictingUnsubscription, .unstableConflictingUnsubscription: 409
        case .tooLarge: 413
        case .limitExceeded: 429
        case .unknown: 500
        case .connectionFailed, .badStatus: 502
        case .notYetUploaded, .connectionTimeout: 504
        default: 400
        }
    }
}
