package import MatrixCore

extension MatrixError {
    /// What a client is told about an event that cannot be made of what it sent.
    package init(_ error: PDUError) {
        switch error {
        case .tooLarge, .tooLong: self.init(.tooLarge, error.description)
        case .notCanonical: self.init(.badJSON, error.description)
        default: self.init(.badJSON, error.description)
        }
    }

    /// What is not there, or must not be known to be there.
    package static let unknownRoom = MatrixError(.forbidden, "you are not in this room, or it does not exist")
    package static let unknownEvent = MatrixError(.notFound, "no such event, or you may not see it")
}
