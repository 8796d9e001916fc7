package import MatrixCore

/// The name that an uploader gave a file, or that somebody wants it to have. It is shown, and never becomes part of a path.
package struct FileName: Hashable, Sendable, CustomStringConvertible {
    /// Four times what file systems take.
    private static let maxBytes = 1020

    package let description: String

    /// Control characters are left out: no header and no database takes them.
    ///
    /// - Returns: nil when nothing is left of it.
    /// - Throws: `M_INVALID_PARAM` when it is too long.
    package init?(_ text: String) throws(MatrixError) {
        guard text.utf8.count <= Self.maxBytes else { throw .invalidParam("The file name is too long") }
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where scalar.properties.generalCategory != .control { scalars.append(scalar) }
        guard !scalars.isEmpty else { return nil }
        description = String(scalars)
    }

    /// One that was stored.
    init(stored text: String) { description = text }
}
