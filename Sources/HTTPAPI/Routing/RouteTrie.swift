/// Finds the route of a path: a tree of path segments.
///
/// A literal segment is preferred to a parameter; when the preferred branch leads nowhere, or has the path but not the
/// method, the other is tried.
struct RouteTrie {
    enum Match {
        case found(index: Int, parameters: PathParameters)
        /// The path is there, with these methods.
        case otherMethods([RouteMethod])
        case none
    }

    /// No path of any API has more; longer ones are not looked at.
    private static let maximumSegments = 32

    /// A route that ends at a node, and the names of the parameters on the way there.
    private struct End: Sendable {
        let method: RouteMethod
        let index: Int
        let parameterNames: [String]
    }

    /// A node while the tree is built.
    private final class Node {
        var literals: [String: Node] = [:]
        var parameter: Node?
        var ends: [End] = []
    }

    private final class FrozenNode: Sendable {
        let literals: [String: FrozenNode]
        let parameter: FrozenNode?
        let ends: [End]

        init(_ node: Node) {
            literals = node.literals.mapValues(FrozenNode.init)
            parameter = node.parameter.map(FrozenNode.init)
            ends = node.ends
        }
    }

    private let root: FrozenNode

    /// - Throws: `RouterError` when two routes have the same method and path.
    init(_ routes: [Route]) throws(RouterError) {
        let root = Node()
        for (index, route) in routes.enumerated() {
            for path in route.paths {
                var node = root
                for segment in path.segments {
                    switch segment {
                    case .literal(let text):
                        let next = node.literals[text] ?? Node()
                        node.literals[text] = next
                        node = next
                    case .parameter:
                        let next = node.parameter ?? Node()
                        node.parameter = next
                        node = next
                    }
                }
                if let other = node.ends.first(where: { $0.method == route.method }) {
                    guard other.index == index else {
                        throw RouterError(
                            method: route.method.rawValue, path: path.description, first: routes[other.index].operation,
                            second: route.operation)
                    }
                } else {
                    node.ends.append(End(method: route.method, index: index, parameterNames: path.parameterNames))
                }
            }
        }
        self.root = FrozenNode(root)
    }

    /// - Parameter method: nil for one that no endpoint has.
    func match(_ method: RouteMethod?, _ path: String) -> Match {
        guard path.utf8.first == UInt8(ascii: "/") else { return .none }
        let segments = path.utf8.dropFirst().split(
            separator: UInt8(ascii: "/"), maxSplits: Self.maximumSegments, omittingEmptySubsequences: false)
        guard segments.count <= Self.maximumSegments else { return .none }
        var search = Search(method: method, segments: segments.map { String(Substring($0)) })
        if let end = search.descend(root, 0) {
            return .found(
                index: end.index, parameters: PathParameters(names: end.parameterNames, values: search.values))
        }
        return search.otherMethods.isEmpty ? .none : .otherMethods(search.otherMethods)
    }

    private struct Search {
        let method: RouteMethod?
        let segments: [String]
        var values: [String] = []
        var otherMethods: [RouteMethod] = []

        mutating func descend(_ node: FrozenNode, _ depth: Int) -> End? {
            guard depth < segments.count else {
                if let end = node.ends.first(where: { $0.method == method }) { return end }
                otherMethods += node.ends.map(\.method)
                return nil
            }
            if let next = node.literals[segments[depth]], let end = descend(next, depth + 1) { return end }
            guard let next = node.parameter else { return nil }
            values.append(segments[depth])
            if let end = descend(next, depth + 1) { return end }
            values.removeLast()
            return nil
        }
    }
}

/// Two routes have the same method and path.
package struct RouterError: Error, CustomStringConvertible {
    package let method: String
    package let path: String
    package let first: String
    package let second: String

    package var description: String { "\(first) and \(second) both serve \(method) \(path)" }
}
