/// What a server feeds with bytes that others choose, each with what must be true whatever they are.
///
/// The same targets run in three ways: over the corpus and over mutations of it in the tests (`FuzzingTests`), for as long
/// as one likes with `APUS_FUZZ_RUNS`, and guided by coverage under libFuzzer (`Tests/Fuzzing`).
enum FuzzTarget: String, CaseIterable, Sendable {
    case json, identifiers, event, authorization, header, glob, pushRules, statePack

    /// Inputs beyond this are cut: the properties are about shapes, the cost of size has tests of its own.
    static let longestInput = 16_384

    /// - Throws: ``FuzzFailure`` when a property does not hold. Anything worse ends the process.
    func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        let input = Array(bytes.prefix(Self.longestInput))
        switch self {
        case .json: try JSONFuzzTarget.run(input)
        case .identifiers: try IdentifierFuzzTarget.run(input)
        case .event: try EventFuzzTarget.run(input)
        case .authorization: try AuthorizationFuzzTarget.run(input)
        case .header: try HeaderFuzzTarget.run(input)
        case .glob: try GlobFuzzTarget.run(input)
        case .pushRules: try PushRuleFuzzTarget.run(input)
        case .statePack: try StatePackFuzzTarget.run(input)
        }
    }

    /// Pieces that a mutator puts into inputs of this target, since chance would not come upon them.
    var dictionary: [String] {
        switch self {
        case .json: JSONFuzzTarget.dictionary
        case .identifiers: IdentifierFuzzTarget.dictionary
        case .event, .authorization: EventFuzzTarget.dictionary
        case .header: HeaderFuzzTarget.dictionary
        case .glob: GlobFuzzTarget.dictionary
        case .pushRules: PushRuleFuzzTarget.dictionary
        case .statePack: []
        }
    }
}

/// A property that did not hold.
struct FuzzFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    static func unless(_ holds: Bool, _ property: @autoclosure () -> String) throws(FuzzFailure) {
        if !holds { throw FuzzFailure(property()) }
    }
}
