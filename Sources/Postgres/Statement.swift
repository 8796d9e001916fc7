/// A named, static SQL statement: the only kind there is, so that SQL never comes from input.
///
/// Prepared on a connection when first used there. The name labels the latency metric.
package struct Statement: Sendable {
    /// What happens to the statement's implicit transaction.
    package enum Mode: Sendable {
        /// Only reads, takes no lock that outlives it, may run twice. Shares a transaction with its neighbours in the
        /// pipeline, and is sent again by itself when a connection is lost.
        case read
        /// A transaction of its own: another statement that fails never undoes it, its locks end with it, and it is
        /// reported as done only after the commit. Never sent twice. The safe choice.
        case write
    }

    package let mode: Mode
    private let staticName: StaticString

    package var name: String { staticName.description }
    /// Made of literals alone: columns that several statements share may be interpolated, input never.
    package let sql: String

    /// - Parameter name: unique among all statements.
    package init(_ name: StaticString, _ sql: String, mode: Mode = .write) {
        staticName = name
        self.sql = sql
        self.mode = mode
    }
}

extension Statement: Hashable {
    /// The name's address tells one statement from another without reading it. The same literal at two addresses would
    /// merely be prepared twice.
    private var identity: UInt {
        staticName.hasPointerRepresentation ? UInt(bitPattern: staticName.utf8Start) : 0
    }

    package static func == (left: Statement, right: Statement) -> Bool {
        left.identity == right.identity && left.mode == right.mode
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(identity) }
}
