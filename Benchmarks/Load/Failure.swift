/// Why a run cannot go on. Its text is what the person at the terminal reads.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
