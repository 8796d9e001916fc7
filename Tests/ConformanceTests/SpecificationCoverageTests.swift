import FoundationEssentials
import HTTPAPI
import Testing

/// Every operation of the specification is served as it says, or is on the shrinking list of those that are not.
@Suite struct SpecificationCoverageTests {
    private let specification: Specification
    private let served = ServedOperations().operations

    init() throws {
        specification = try Specification()
    }

    private var servedPlaces: Set<Specification.Place> { Set(served.flatMap(\.places)) }

    @Test func everyOperationIsServedOrListed() throws {
        let listed = try Fixtures.places("not-served.txt")
        let open = Set(specification.operations.map(\.place)).subtracting(servedPlaces).subtracting(listed)
        #expect(open.isEmpty, "neither served nor in not-served.txt:\n\(lines(open))")
    }

    @Test func nothingThatIsServedIsListed() throws {
        let both = try Fixtures.places("not-served.txt").intersection(servedPlaces)
        #expect(both.isEmpty, "served, and still in not-served.txt:\n\(lines(both))")
    }

    @Test func theListNamesOperationsOfTheSpecification() throws {
        let unknown = try Fixtures.places("not-served.txt").subtracting(specification.operations.map(\.place))
        #expect(unknown.isEmpty, "in not-served.txt, and not in the specification:\n\(lines(unknown))")
    }

    @Test func whatTheSpecificationDoesNotKnowIsListed() throws {
        let known = Set(specification.operations.map(\.place)).union(
            try Fixtures.places("beyond-the-specification.txt"))
        let beyond = Set(served.compactMap(\.places.first)).subtracting(known)
        #expect(beyond.isEmpty, "served, and neither specified nor in beyond-the-specification.txt:\n\(lines(beyond))")
    }

    @Test func operationsBearTheirNames() {
        var found: [String] = []
        for operation in served {
            let names = specified(operation).map(\.operation)
            if !names.isEmpty, !names.contains(operation.route.operation) {
                found.append("\(operation.route.operation) should be \(names.joined(separator: " or "))")
            }
        }
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    @Test func callersAreThoseOfTheSpecification() throws {
        let exceptions = try Fixtures.places("other-callers.txt")
        var found: [String] = []
        for operation in served where exceptions.isDisjoint(with: operation.places) {
            for specified in specified(operation) where !callers(of: specified).contains(operation.caller) {
                found.append(
                    "\(specified.place): called by \(operation.caller.rawValue), specified is \(callers(of: specified).map(\.rawValue))"
                )
            }
        }
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    /// Limits beyond those of the specification are ours to set.
    @Test func whatShouldBeLimitedIs() {
        var found: [String] = []
        for operation in served where operation.route.rateLimit == nil {
            found += specified(operation).filter(\.rateLimited).map { "\($0.place) has no rate limit" }
        }
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    /// A file that no list names would be served by nobody, and no test would miss it.
    @Test func everyEndpointIsInAList() throws {
        let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources")
        var written: [String] = []
        for module in ["ClientEndpoints", "FederationEndpoints", "MediaEndpoints", "AdminEndpoints"] {
            var open = [sources.appending(path: module)]
            while let folder = open.popLast() {
                let children = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                for child in children.map({ folder.appending(path: $0) }) {
                    if child.pathExtension == "swift" {
                        let text = String(decoding: try Data(contentsOf: child), as: UTF8.self)
                        written += text.matches(of: #/static let route = Route\(\s*"(\w+)"/#).map {
                            String($0.output.1)
                        }
                    } else if child.pathExtension.isEmpty {
                        open.append(child)
                    }
                }
            }
        }
        #expect(written.sorted() == served.map(\.route.operation).sorted())
    }

    /// The operations of the specification that one of ours answers: those at any of its paths.
    private func specified(_ operation: ServedOperations.Operation) -> [Specification.Operation] {
        let places = Set(operation.places)
        return specification.operations.filter { places.contains($0.place) }
    }

    private func callers(of operation: Specification.Operation) -> Set<CallerKind> {
        if operation.path.contains("/admin/") { return [.administrator] }
        if operation.auth.isEmpty { return [.anyone] }
        if operation.auth.contains("signedRequest") { return [.remoteServer] }
        // The token of an OpenID request is the operation's own parameter.
        if operation.auth == ["accessToken"] { return [.anyone] }
        if operation.auth.contains("appserviceAccessTokenBearer") { return [.appService] }
        return operation.authOptional ? [.localUserOrAnyone] : [.localUser, .localUserOrAppService]
    }

    private func lines(_ places: Set<Specification.Place>) -> String {
        places.sorted().map(\.description).joined(separator: "\n")
    }
}
