import MatrixCore
import Storage
import Telemetry

/// A token with which people may register.
package struct RegistrationToken: Sendable {
    package let text: String
    /// `nil`: as often as they like.
    package let usesAllowed: Int32?
    /// `nil`: for ever.
    package let expiresMilliseconds: Int64?
}

extension Registration {
    /// Letters of a token that we choose, when nobody says how many.
    package static let chosenTokenLength = 16

    /// Makes a token with which people may register.
    ///
    /// - Parameters:
    ///   - text: `nil` for one that we choose.
    ///   - length: of one that we choose.
    /// - Throws: `M_INVALID_PARAM` when it cannot be one, would be of no use, or there is one of that text.
    package func makeToken(
        _ text: String?, length: Int = chosenTokenLength, usesAllowed: Int64?, expiresMilliseconds: Int64?
    ) async throws -> RegistrationToken {
        guard (1...RegistrationTokenStage.maxTokenBytes).contains(length) else {
            throw MatrixError.invalidParam("length is not valid")
        }
        let text = text ?? telemetry.random.token(length: length)
        guard OpaqueIdentifier.isValid(text), text.utf8.count <= RegistrationTokenStage.maxTokenBytes else {
            throw MatrixError.invalidParam("The token is not valid")
        }
        var uses: Int32?
        if let usesAllowed {
            guard usesAllowed >= 0, let number = Int32(exactly: usesAllowed) else {
                throw MatrixError.invalidParam("uses_allowed is not valid")
            }
            uses = number
        }
        if let expiresMilliseconds, expiresMilliseconds <= telemetry.clock.nowMilliseconds {
            throw MatrixError.invalidParam("expiry_time must be in the future")
        }
        let isNew = try await interactive.sessions.createRegistrationToken(
            text, usesAllowed: uses, expiresMilliseconds: expiresMilliseconds)
        guard isNew else { throw MatrixError.invalidParam("There is such a token") }
        return RegistrationToken(text: text, usesAllowed: uses, expiresMilliseconds: expiresMilliseconds)
    }
}
