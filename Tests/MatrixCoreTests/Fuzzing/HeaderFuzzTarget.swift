import MatrixCore

/// Any text as an `Authorization` header of another server.
enum HeaderFuzzTarget {
    static let dictionary = [
        "X-Matrix ", "x-matrix", "origin=", "destination=", "key=", "sig=", "\"", "\\\"", "\\", ",", " , ", "\t", "=",
        "ed25519:", "example.org:8448", "[::1]", "unknown=", "ORIGIN", "é", "\u{7F}",
    ]

    static func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let authorization = XMatrixAuthorization(header: text) else { return }
        try FuzzFailure.unless(text.utf8.count <= XMatrixAuthorization.longestHeader, "a header that is too long")
        try FuzzFailure.unless(!authorization.signature.isEmpty, "a header without a signature")
        let printed = authorization.header
        // Escapes may make it longer than what we read.
        if printed.utf8.count <= XMatrixAuthorization.longestHeader {
            try FuzzFailure.unless(
                XMatrixAuthorization(header: printed) == authorization, "what was printed reads as something else")
        }
        let request = FederationRequest(
            method: "GET", target: text, origin: authorization.origin, destination: authorization.destination)
        guard let message = try? request.message(), let document = try? JSONDocument(parsing: message) else {
            throw FuzzFailure("what is signed is no JSON")
        }
        try FuzzFailure.unless(document.isCanonical, "what is signed is not canonical")
        guard let key = Ed25519PublicKey(bytes: [UInt8](repeating: 1, count: 32)) else { return }
        try FuzzFailure.unless(!request.isSigned(by: authorization, publicKey: key), "a signature out of nothing")
    }
}
