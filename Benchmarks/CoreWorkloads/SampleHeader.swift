import MatrixCore

/// The header with which another server says who it is.
package enum SampleHeader {
    package static let text = """
        X-Matrix origin="matrix.origin.example:8448",destination="destination.example",key="ed25519:a_key",\
        sig="\(signature)"
        """

    /// The same as older servers wrote it: nothing in quotes.
    package static let unquoted =
        "X-Matrix origin=matrix.origin.example:8448,destination=destination.example,key=ed25519:a_key,sig=\(signature)"

    /// As long as one may be, with an escape for every second character.
    package static let longest =
        String(text.prefix { $0 != "A" })
        + String(repeating: #"\A"#, count: (XMatrixAuthorization.longestHeader - 200) / 2) + "\""

    private static let signature = String(repeating: "A", count: 86)
}
