import MatrixCore
import Testing

@Suite struct ServerACLTests {
    private func acl(_ json: String) throws -> ServerACL {
        ServerACL(content: try JSONDocument(parsing: Array(json.utf8)).root)
    }

    private func server(_ name: String) throws -> ServerName { try #require(ServerName(name)) }

    @Test func deniesWhatIsDeniedBeforeItLooksAtWhatIsAllowed() throws {
        let acl = try acl(#"{"allow":["*"],"deny":["evil.example","*.bad.example"]}"#)
        #expect(try acl.allows(server("good.example")))
        #expect(try !acl.allows(server("evil.example")))
        #expect(try !acl.allows(server("deep.down.bad.example")))
        #expect(try acl.allows(server("bad.example")))
    }

    @Test func deniesEverybodyWithoutAnAllowList() throws {
        #expect(try !acl("{}").allows(server("good.example")))
        #expect(try !acl(#"{"allow":"*"}"#).allows(server("good.example")))
        #expect(try !acl(#"{"allow":[1,null,{}]}"#).allows(server("good.example")))
    }

    @Test func doesNotLookAtPortsAndCase() throws {
        let acl = try acl(#"{"allow":["*"],"deny":["EVIL.example","ho?t.example"]}"#)
        #expect(try !acl.allows(server("evil.example:8448")))
        #expect(try !acl.allows(server("Evil.Example")))
        #expect(try !acl.allows(server("host.example:1")))
        #expect(try acl.allows(server("hoost.example")))
    }

    @Test func deniesAddressesWhereItSaysSo() throws {
        let strict = try acl(#"{"allow":["*"],"allow_ip_literals":false}"#)
        #expect(try !strict.allows(server("1.2.3.4")))
        #expect(try !strict.allows(server("[::1]:8448")))
        #expect(try strict.allows(server("example.org")))
        let careless = try acl(#"{"allow":["*"],"allow_ip_literals":"false","deny":["[::1]"]}"#)
        #expect(try careless.allows(server("1.2.3.4:8448")))
        #expect(try !careless.allows(server("[::1]:8448")))
    }

    /// CVE-2023-45129: a list as long as an event can be must not keep us busy.
    @Test func takesTimeInProportionToTheList() throws {
        let name = try server("a-name-that-nobody-has.example")
        let ratio = try CostGrowth.ratio(
            { count in
                let globs = (0..<count).map { #""*\#($0)?""# }.joined(separator: ",")
                return #"{"allow":["*"],"deny":[\#(globs)]}"#
            }, size: 1_000
        ) { json in
            let acl = try acl(json)
            #expect(acl.allows(name))
        }
        #expect(ratio < CostGrowth.allowed)
    }
}
