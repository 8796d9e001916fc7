import MatrixCore

/// Keys whose private half anybody can look up. Whatever is signed with them is signed by nobody.
///
/// ELEMENTSEC-2025-1670, CVE-2026-24044: a chart for installing servers generated the same key everywhere.
enum InsecureKeys {
    private static let known: Set<String> = ["l/O9hxMVKB6Lg+3Hqf0FQQZhVESQcMzbPN1Cz2nM3og"]

    static func contains(_ key: Ed25519PublicKey) -> Bool { known.contains(key.base64) }
}
