import NIOSSL

/// Whether a certificate is for a host name, which NIO's own check answers too kindly: it also takes a certificate for the
/// address that it is connected to. Who can bend a name's address could then answer for every name, with a certificate
/// that any authority gives for an address.
///
/// - Spec: https://www.rfc-editor.org/rfc/rfc9525#section-6.3
package enum CertificateName {
    /// - Parameter host: a DNS name; addresses are checked by NIO itself.
    static func matches(_ certificate: NIOSSLCertificate, host: String) -> Bool {
        certificate._subjectAlternativeNames().contains { name in
            name.nameType == .dnsName && matches(pattern: String(decoding: name.contents, as: UTF8.self), host: host)
        }
    }

    /// Names are equal but for case, or the pattern's whole first label is `*`, which stands for one label.
    package static func matches(pattern: String, host: String) -> Bool {
        let pattern = labels(of: pattern)
        let host = labels(of: host)
        guard pattern.count == host.count, !host.contains("") else { return false }
        if pattern.first == "*" { return host.count > 2 && pattern.dropFirst() == host.dropFirst() }
        return pattern == host
    }

    private static func labels(of name: String) -> [Substring] {
        var labels = name.lowercased().split(separator: ".", omittingEmptySubsequences: false)
        if labels.count > 1, labels.last == "" { labels.removeLast() }
        return labels
    }
}
