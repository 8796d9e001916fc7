import MatrixCore
import Testing

/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#request-authentication
struct FederationRequestTests {
    @Test(arguments: [
        #"X-Matrix origin="a.com",destination="b.com",key="ed25519:k1",sig="ABC/+=""#,
        "x-matrix   ORIGIN=a.com , Destination=\"b.com\" ,\tkey=ed25519:k1,sig=ABC/+=",
        #"X-MATRIX sig="ABC\/+=",unknown="x, \"y\"",key="ed25519:k\1",origin="a\.com",destination=b.com"#,
        #"X-Matrix origin = "a.com" ,, destination= b.com,key ="ed25519:k1",sig="ABC/+=","#,
    ])
    func readsHeaders(_ header: String) throws {
        let authorization = try #require(XMatrixAuthorization(header: header))
        #expect(authorization.origin.description == "a.com")
        #expect(authorization.destination?.description == "b.com")
        #expect(authorization.keyID.description == "ed25519:k1")
        #expect(authorization.signature == "ABC/+=")
    }

    @Test(arguments: [
        // Everything that a token may hold goes without quotes, and what older servers leave unquoted beside it.
        ("X-Matrix origin=[2001:db8::1]:8448,key=ed25519:a_b,sig=AB-_", "[2001:db8::1]:8448", "ed25519:a_b", "AB-_"),
        ("X-Matrix origin=a,key=ed25519:!#$%&'*+-.^_`|~,sig=x==", "a", "ed25519:!#$%&'*+-.^_`|~", "x=="),
        ("x-mAtRiX SIG=x,KEY=ed25519:1,ORIGIN=a", "a", "ed25519:1", "x"),
        ("X-Matrix \torigin=a\t,\tkey=ed25519:1 , sig=x \t", "a", "ed25519:1", "x"),
        (#"X-Matrix origin="\a",key="ed25519:\"\\",sig="\,""#, "a", #"ed25519:"\"#, ","),
        (#"X-Matrix origin="a",key="ed25519:1",sig="x",unknown="",other="a=b,c=\"d""#, "a", "ed25519:1", "x"),
    ])
    func readsWhatTheGrammarAllows(_ header: String, _ origin: String, _ key: String, _ signature: String) throws {
        let authorization = try #require(XMatrixAuthorization(header: header))
        #expect(authorization.origin.description == origin)
        #expect(authorization.keyID.description == key)
        #expect(authorization.signature == signature)
        #expect(XMatrixAuthorization(header: authorization.header) == authorization)
    }

    /// A server with two keys sends a header for each: every one stands by itself, over the same request.
    @Test func eachOfSeveralSignaturesStandsByItself() throws {
        let keys = try (1...3).map {
            try #require(SigningKey(version: "\($0)", seed: [UInt8](repeating: $0, count: 32)))
        }
        let request = FederationRequest(
            method: "GET", target: "/x", origin: try #require(ServerName("a")), destination: ServerName("b"))
        let headers = try keys.map { try request.authorization(key: $0).header }
        for (header, key) in zip(headers, keys) {
            let authorization = try #require(XMatrixAuthorization(header: header))
            #expect(authorization.keyID == key.id)
            for other in keys {
                #expect(request.isSigned(by: authorization, publicKey: other.publicKey) == (other.id == key.id))
            }
        }
    }

    /// A request that was signed for nobody in particular is not one for us.
    @Test func theDestinationIsPartOfWhatIsSigned() throws {
        let key = try #require(SigningKey(version: "1", seed: [UInt8](repeating: 7, count: 32)))
        let origin = try #require(ServerName("a"))
        let destinations: [ServerName?] = [nil, ServerName("b"), ServerName("b:8448"), ServerName("B")]
        for destination in destinations {
            let request = FederationRequest(method: "GET", target: "/x", origin: origin, destination: destination)
            let authorization = try request.authorization(key: key)
            for other in destinations {
                let same = FederationRequest(method: "GET", target: "/x", origin: origin, destination: other)
                #expect(same.isSigned(by: authorization, publicKey: key.publicKey) == (other == destination))
            }
        }
    }

    @Test func olderServersNameNoDestinationAndUseColons() throws {
        let authorization = try #require(XMatrixAuthorization(header: "X-Matrix origin=a.com:80,key=ed25519:1,sig=AB"))
        #expect(authorization.origin.description == "a.com:80")
        #expect(authorization.destination == nil)
    }

    @Test(arguments: [
        "", "X-Matrix", "X-Matrix ", "Bearer abc", "X-Matrixorigin=a", #"X-Matrix origin="a.com""#,
        #"X-Matrix origin="a.com",key="ed25519:1""#, #"X-Matrix origin="a b",key="ed25519:1",sig="x""#,
        #"X-Matrix origin="a",key="nokey",sig="x""#, #"X-Matrix origin="a",key="ed25519:1",sig="""#,
        #"X-Matrix origin="a",key="ed25519:1",sig="x"#, #"X-Matrix origin="a",key="ed25519:1",sig="x\"#,
        #"X-Matrix origin="a",origin="b",key="ed25519:1",sig="x""#, #"X-Matrix origin="a" key="ed25519:1",sig="x""#,
        #"X-Matrix origin="a",key="ed25519:1",sig="x",destination="b c""#, #"X-Matrix ="a",key="ed25519:1",sig="x""#,
        #"X-Matrix origin,key="ed25519:1",sig="x""#, #"X-Matrix origin="a"x,key="ed25519:1",sig="x""#,
    ])
    func refusesMalformedHeaders(_ header: String) { #expect(XMatrixAuthorization(header: header) == nil) }

    @Test func boundsHeaders() {
        let long = String(repeating: "x", count: XMatrixAuthorization.longestHeader)
        #expect(XMatrixAuthorization(header: "X-Matrix origin=a,key=ed25519:1,sig=x,more=\"\(long)\"") == nil)
    }

    @Test func printsWhatItReads() throws {
        let authorization = XMatrixAuthorization(
            origin: try #require(ServerName("a.com:1")), destination: ServerName("[::1]"),
            keyID: try #require(SigningKeyID("ed25519:a\"\\b")), signature: #"x\y"z"#)
        #expect(XMatrixAuthorization(header: authorization.header) == authorization)
        let plain = XMatrixAuthorization(
            origin: try #require(ServerName("a")), destination: ServerName("b"),
            keyID: try #require(SigningKeyID("ed25519:1")), signature: "AB+/")
        #expect(plain.header == #"X-Matrix origin="a",destination="b",key="ed25519:1",sig="AB+/""#)
    }

    @Test func signsTheRequestAsTheSpecificationSays() throws {
        let key = try #require(SigningKey(version: "1", seed: [UInt8](repeating: 7, count: 32)))
        let body = try JSONDocument(parsing: #"{"pdus": [], "edus": [{"x": 1.0}]}"#).root
        let request = FederationRequest(
            method: "PUT", target: "/_matrix/federation/v1/send/1?a=b", origin: try #require(ServerName("a.com")),
            destination: ServerName("b.com"), content: body)
        let message = String(decoding: try request.message(), as: UTF8.self)
        #expect(
            message
                == #"{"content":{"edus":[{"x":1.0}],"pdus":[]},"destination":"b.com","method":"PUT","origin":"a.com","#
                + #""uri":"/_matrix/federation/v1/send/1?a=b"}"#)
        let authorization = try request.authorization(key: key)
        #expect(request.isSigned(by: authorization, publicKey: key.publicKey))
        let other = FederationRequest(
            method: "PUT", target: "/_matrix/federation/v1/send/2", origin: request.origin,
            destination: request.destination,
            content: body)
        #expect(!other.isSigned(by: authorization, publicKey: key.publicKey))
    }

    @Test func signsRequestsWithoutBody() throws {
        let request = FederationRequest(
            method: "GET", target: "/x", origin: try #require(ServerName("a")), destination: nil)
        #expect(try request.message() == Array(#"{"method":"GET","origin":"a","uri":"/x"}"#.utf8))
    }
}
