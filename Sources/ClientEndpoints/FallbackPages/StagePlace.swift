import Accounts
import HTTPAPI
import HTTPTypes
import MatrixCore

/// Which stage of which session a page is for, and in which languages its reader prefers to read.
struct StagePlace: Sendable {
    /// Languages that are looked at.
    private static let maxLanguages = 16

    let stage: AuthStage
    /// `nil` when the address has none.
    let session: String?
    /// As a browser names them, the best first.
    let languages: [String]

    init(from input: borrowing RequestInput) throws(MatrixError) {
        stage = AuthStage(rawValue: try input.path("authType"))
        session = input.query(optional: "session")
        // Browsers list them in their order; what they are worth to the reader is not looked at.
        languages = (input.header(.acceptLanguage) ?? "").split(separator: ",").prefix(Self.maxLanguages).map { entry in
            String(entry.prefix { $0 != ";" }.filter { !$0.isWhitespace })
        }
    }
}
