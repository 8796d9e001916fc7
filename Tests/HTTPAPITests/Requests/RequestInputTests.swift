import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import Testing

private enum ReadBody: Endpoint {
    static let route = Route("readBody", .post, "/body", body: .json(maximumBytes: 200))

    struct Request: RequestDecodable {
        let user: UserID
        let reason: String?
        let count: Int?
        let servers: [ServerName]?
        let nested: Int64?
        init(from input: borrowing RequestInput) throws(MatrixError) {
            user = try input.body("user_id", UserID.init)
            reason = try input.body(optional: "reason")
            count = try input.body(optional: "count")
            servers = try input.body(optionalEach: "servers", ServerName.init)
            nested = try input.fields().object("nested")?.required("number")
        }
    }

    static func handle(_ request: Request, from caller: Anyone, with services: Void) async throws -> Echo {
        Echo(members: [
            "user": .string("\(request.user)"), "reason": request.reason.map(JSONValue.string) ?? .null,
            "servers": .integer(Int64(request.servers?.count ?? -1)),
            "nested": request.nested.map(JSONValue.integer) ?? .null,
        ])
    }
}

private enum ReadAll: Endpoint {
    static let route = Route("readAll", .put, "/all")

    struct Request: RequestDecodable {
        let content: JSONDocument
        init(from input: borrowing RequestInput) throws(MatrixError) { content = try input.body() }
    }

    static func handle(_ request: Request, from caller: Anyone, with services: Void) async throws -> RawJSON {
        RawJSON(request.content.bytes)
    }
}

private enum ReadQuery: Endpoint {
    static let route = Route("readQuery", .get, "/query")

    struct Request: RequestDecodable {
        let members: [String: JSONValue]
        init(from input: borrowing RequestInput) throws(MatrixError) {
            let via = try input.query(all: "via", ServerName.init)
            members = [
                "needed": .string(try input.query("needed")), "via": .array(via.map { .string("\($0)") }),
                "flag": .bool(try input.query(flag: "flag")),
                "limit": .integer(Int64(try input.query(number: "limit", in: 1...100) ?? 10)),
                "filter": input.query(optional: "filter").map(JSONValue.string) ?? .null,
            ]
        }
    }

    static func handle(_ request: Request, from caller: Anyone, with services: Void) async throws -> Echo {
        Echo(members: request.members)
    }
}

private enum Upload: Endpoint {
    static let route = Route("upload", .post, "/upload", body: .stream)

    struct Request: RequestDecodable {
        let stream: BodyStream
        let announced: Int?
        init(from input: borrowing RequestInput) throws(MatrixError) {
            stream = input.bodyStream.limited(to: 10)
            announced = input.announcedBodyBytes
        }
    }

    static func handle(_ request: Request, from caller: Anyone, with services: Void) async throws -> Echo {
        var count = 0
        for try await chunk in request.stream { count += chunk.readableBytes }
        return Echo(members: ["count": .integer(Int64(count))])
    }
}

@Suite struct RequestInputTests {
    private func post(_ body: String, to path: String = "/body", _ method: HTTPRequest.Method = .post) async throws
        -> Answer
    {
        try await RouterFixture([ReadBody.self, ReadAll.self, ReadQuery.self, Upload.self]).send(
            method, path, body: body)
    }

    @Test func readsEveryField() async throws {
        let answer = try await post(
            #"{"user_id":"@a:b","reason":"r","servers":["a","b:1"],"nested":{"number":3},"other":[1.5]}"#)
        #expect(answer.json == ["user": "@a:b", "reason": "r", "servers": 2, "nested": 3])
    }

    @Test func optionalFieldsMayBeNull() async throws {
        #expect(
            try await post(#"{"user_id":"@a:b","reason":null,"servers":null,"nested":null}"#).json
                == ["user": "@a:b", "reason": nil, "servers": -1, "nested": nil])
    }

    @Test(arguments: [
        ("", "M_MISSING_PARAM"), ("{}", "M_MISSING_PARAM"), (#"{"user_id":null}"#, "M_BAD_JSON"),
        (#"{"user_id":1}"#, "M_BAD_JSON"), (#"{"user_id":"alice"}"#, "M_INVALID_PARAM"),
        (#"{"user_id":"@a:b","reason":[]}"#, "M_BAD_JSON"), (#"{"user_id":"@a:b","count":1.5}"#, "M_BAD_JSON"),
        (#"{"user_id":"@a:b","count":99999999999999999999}"#, "M_BAD_JSON"),
        (#"{"user_id":"@a:b","servers":["a",1]}"#, "M_BAD_JSON"),
        (#"{"user_id":"@a:b","servers":["a b"]}"#, "M_INVALID_PARAM"),
        (#"{"user_id":"@a:b","nested":[]}"#, "M_BAD_JSON"), (#"{"user_id":"@a:b","nested":{}}"#, "M_MISSING_PARAM"),
        ("[]", "M_BAD_JSON"), ("\"x\"", "M_BAD_JSON"), ("{", "M_NOT_JSON"), ("{}{}", "M_NOT_JSON"),
        ("{\"a\":\"\\ud800\"}", "M_NOT_JSON"), ("nonsense", "M_NOT_JSON"),
        (String(repeating: "[", count: 150), "M_NOT_JSON"),
    ]) func eachMistakeHasItsErrcode(body: String, errcode: String) async throws {
        let answer = try await post(body)
        #expect(answer.status == 400)
        #expect(answer.errcode == errcode)
    }

    @Test func badUTF8IsNotJSON() async throws {
        let fixture = try RouterFixture([ReadBody.self])
        let request = ServerRequest(
            method: .post, target: "/body",
            body: .buffer(ByteBuffer(bytes: Array(#"{"a":""#.utf8) + [0xFF, 0x22, 0x7D])))
        let answer = Answer(response: await fixture.router.respond(to: request))
        #expect(answer.errcode == "M_NOT_JSON")
    }

    @Test func aWholeBodyMustBeThere() async throws {
        #expect(try await post("", to: "/all", .put).errcode == "M_NOT_JSON")
        #expect(try await post(#"{"b":1}"#, to: "/all", .put).text == #"{"b":1}"#)
    }

    @Test func refusesBodiesAboveTheLimit() async throws {
        let answer = try await post("{\"a\":\"" + String(repeating: "x", count: 200) + "\"}")
        #expect(answer.status == 413)
        #expect(answer.errcode == "M_TOO_LARGE")
    }

    @Test func refusesAnnouncedAndStreamedBodiesAboveTheLimit() async throws {
        let fixture = try RouterFixture([ReadBody.self, Upload.self])
        let chunks = Chunks(buffers: Array(repeating: ByteBuffer(string: "{}        "), count: 30))
        for announced in [nil, 1_000_000, 1] {
            let request = ServerRequest(
                method: .post, target: "/body", body: .stream(BodyStream(chunks), announcedBytes: announced))
            #expect(Answer(response: await fixture.router.respond(to: request)).errcode == "M_TOO_LARGE")
        }
        let upload = ServerRequest(
            method: .post, target: "/upload", body: .stream(BodyStream(chunks), announcedBytes: nil))
        #expect(Answer(response: await fixture.router.respond(to: upload)).errcode == "M_TOO_LARGE")
    }

    @Test func bodiesInPiecesAreOne() async throws {
        let fixture = try RouterFixture([ReadAll.self])
        let chunks = Chunks(buffers: ["{\"a\"", ":", "1}"].map { ByteBuffer(string: $0) })
        let request = ServerRequest(
            method: .put, target: "/all", body: .stream(BodyStream(chunks), announcedBytes: nil))
        #expect(Answer(response: await fixture.router.respond(to: request)).text == "{\"a\":1}")
    }

    @Test func readsTheQuery() async throws {
        let fixture = try RouterFixture([ReadQuery.self])
        let answer = await fixture.send(
            .get, "/query?needed=a+b%2B&via=x&via=y%3A1&flag=True&limit=1000&filter=%7B%22a%22%3D1%7D&&z")
        #expect(
            answer.json == ["needed": "a b+", "via": ["x", "y:1"], "flag": true, "limit": 100, "filter": "{\"a\"=1}"])
        #expect(await fixture.send(.get, "/query?needed=").json["limit"] == 10)
    }

    @Test(arguments: [
        ("/query", "M_MISSING_PARAM"), ("/query?needed=1&flag=maybe", "M_INVALID_PARAM"),
        ("/query?needed=1&limit=0", "M_INVALID_PARAM"), ("/query?needed=1&limit=-5", "M_INVALID_PARAM"),
        ("/query?needed=1&limit=x", "M_INVALID_PARAM"), ("/query?needed=%", "M_INVALID_PARAM"),
        ("/query?needed=1&via=a%20b", "M_INVALID_PARAM"),
        ("/query?needed=1" + String(repeating: "&a=b", count: 300), "M_INVALID_PARAM"),
    ]) func eachMistakeInTheQueryHasItsErrcode(target: String, errcode: String) async throws {
        let answer = await (try RouterFixture([ReadQuery.self])).send(.get, target)
        #expect(answer.status == 400)
        #expect(answer.errcode == errcode)
    }
}

private struct Chunks: AsyncSequence, Sendable {
    typealias Failure = any Error
    let buffers: [ByteBuffer]
    func makeAsyncIterator() -> Iterator { Iterator(rest: buffers[...]) }

    struct Iterator: AsyncIteratorProtocol {
        var rest: ArraySlice<ByteBuffer>
        mutating func next() async throws -> ByteBuffer? { rest.popFirst() }
    }
}
