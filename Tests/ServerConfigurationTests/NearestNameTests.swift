import ServerConfiguration
import Testing

@Suite struct NearestNameTests {
    @Test(arguments: [
        ("listners", "listeners"), ("publicBaseUrl", "public_base_url"), ("rate-limits", "rate_limits"),
        ("PRESENCE", "presence"),
        ("federaton", "federation"), ("meida", "media"),
    ])
    func findsWhatWasMeant(_ written: String, _ meant: String) {
        let found = mistakes(minimal("\(written): 1"))
        #expect(found == ["apus.yaml:3: \(written): unknown key; did you mean \(meant)?"])
    }

    @Test func namesNothingForANameThatIsFarFromAll() {
        let found = mistakes(minimal("zzzzzzzz: 1\n\(String(repeating: "x", count: 900)): 1"))
        #expect(found.count == 2)
        #expect(found.allSatisfy { $0.contains("known here") })
    }
}
