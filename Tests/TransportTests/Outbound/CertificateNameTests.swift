import HTTPAPI
import Testing
import Transport

@Suite struct CertificateNameTests {
    @Test(arguments: [
        ("a.example", "a.example"), ("A.Example", "a.EXAMPLE"), ("a.example", "a.example."),
        ("*.example.org", "a.example.org"),
        ("*.example.org", "xn--a.example.org"),
    ]) func matches(pattern: String, host: String) {
        #expect(CertificateName.matches(pattern: pattern, host: host))
    }

    @Test(arguments: [
        ("a.example", "b.example"), ("example", "a.example"), ("*.example.org", "example.org"),
        ("*.example.org", "a.b.example.org"), ("*.example.org", ".example.org"), ("a*.example.org", "ab.example.org"),
        ("*", "example"), ("*.org", "example.org"), ("*.*.org", "a.b.org"), ("a.*.org", "a.b.org"), ("", ""),
        ("a.example\0", "a.example"),
    ]) func doesNotMatch(pattern: String, host: String) {
        #expect(!CertificateName.matches(pattern: pattern, host: host))
    }
}
