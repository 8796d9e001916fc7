package import HTTPTypes
package import MatrixCore
package import NIOCore

/// Everything that an endpoint may read of a request: path, query, headers and body.
///
/// A reader takes each field of the specification once and by name. What is missing or malformed throws the error that
/// the client should see.
package struct RequestInput {
    private let request: ServerRequest
    private let parameters: PathParameters
    private let queryParameters: Query
    private let lazyBody: LazyBody

    init(request: ServerRequest, parameters: PathParameters, query: Query, body: LazyBody) {
        self.request = request
        self.parameters = parameters
        queryParameters = query
        lazyBody = body
    }

    // MARK: Path

    /// The decoded text of a path parameter. `M_INVALID_PARAM` when its encoding is broken.
    package func path(_ name: String) throws(MatrixError) -> String {
        guard let text = try path(optional: name) else { throw .missingParam(name) }
        return text
    }

    /// What `make` makes of a path parameter. `M_INVALID_PARAM` when that is nothing.
    package func path<Value>(_ name: String, _ make: (String) -> Value?) throws(MatrixError) -> Value {
        guard let value = make(try path(name)) else { throw .invalidParam("\(name) is not valid") }
        return value
    }

    /// A path parameter that not every path of the route has.
    package func path(optional name: String) throws(MatrixError) -> String? {
        guard let encoded = parameters[name] else { return nil }
        guard let text = PercentDecoding.decode(segment: Substring(encoded)) else {
            throw .invalidParam("\(name) is not valid")
        }
        return text
    }

    // MARK: Query

    /// A query parameter that must be there. `M_MISSING_PARAM` when it is not.
    package func query(_ name: String) throws(MatrixError) -> String {
        guard let text = queryParameters[name] else { throw .missingParam(name) }
        return text
    }

    package func query<Value>(_ name: String, _ make: (String) -> Value?) throws(MatrixError) -> Value {
        guard let value = make(try query(name)) else { throw .invalidParam("\(name) is not valid") }
        return value
    }

    package func query(optional name: String) -> String? { queryParameters[name] }

    package func query<Value>(optional name: String, _ make: (String) -> Value?) throws(MatrixError) -> Value? {
        guard let text = queryParameters[name] else { return nil }
        guard let value = make(text) else { throw .invalidParam("\(name) is not valid") }
        return value
    }

    /// Every value of a parameter that may be repeated, in order.
    package func query(all name: String) -> [String] { queryParameters.all(name) }

    package func query<Value>(all name: String, _ make: (String) -> Value?) throws(MatrixError) -> [Value] {
        var values: [Value] = []
        for text in queryParameters.all(name) {
            guard let value = make(text) else { throw .invalidParam("\(name) is not valid") }
            values.append(value)
        }
        return values
    }

    /// A flag, `false` when absent. Some clients capitalise it.
    package func query(flag name: String) throws(MatrixError) -> Bool {
        try query(optional: name) { ["true": true, "false": false][$0.lowercased()] } ?? false
    }

    /// A number; what is above the range is cut to it, what is below it is refused: a client that asks for too many
    /// gets as many as there may be.
    package func query(number name: String, in range: ClosedRange<Int>) throws(MatrixError) -> Int? {
        guard let number = try query(optional: name, Int.init) else { return nil }
        guard number >= range.lowerBound else { throw .invalidParam("\(name) must be at least \(range.lowerBound)") }
        return min(number, range.upperBound)
    }

    // MARK: Body

    /// The body, an object. `M_NOT_JSON` when there is none.
    package func body() throws(MatrixError) -> JSONDocument {
        guard let document = try lazyBody.object() else {
            throw MatrixError(.notJSON, "The request has no body", status: 400)
        }
        return document
    }

    /// The members of the body. An empty body counts as an empty object: many clients send none where all is optional.
    package func fields() throws(MatrixError) -> JSONFields { JSONFields(try lazyBody.object()?.root) }

    package func body<Value: JSONReadable>(_ name: String) throws(MatrixError) -> Value {
        try fields().required(name)
    }

    package func body<Value>(_ name: String, _ make: (String) -> Value?) throws(MatrixError) -> Value {
        try fields().required(name, make)
    }

    package func body<Value: JSONReadable>(optional name: String) throws(MatrixError) -> Value? {
        try fields().optional(name)
    }

    package func body<Value>(optional name: String, _ make: (String) -> Value?) throws(MatrixError) -> Value? {
        try fields().optional(name, make)
    }

    /// A list of strings that each make a value; nil when absent.
    package func body<Value>(optionalEach name: String, _ make: (String) -> Value?) throws(MatrixError) -> [Value]? {
        try fields().optional(each: name, make)
    }

    /// The fields of a form, of a route whose body is one.
    ///
    /// - Throws: `M_INVALID_PARAM` when it is not encoded as browsers do.
    package func form() throws(MatrixError) -> Query { try Query(String(buffer: lazyBody.buffer)) }

    /// The body's bytes, of a route whose body is JSON.
    package var bodyBytes: ByteBuffer { lazyBody.buffer }

    /// The body as it arrives, of a route whose body is a stream. It has no limit but the one that the reader gives it.
    package var bodyStream: BodyStream { request.body.stream }

    /// How long the stream will be, if the client said so.
    package var announcedBodyBytes: Int? { request.body.announcedBytes }

    // MARK: Head

    package func header(_ name: HTTPField.Name) -> String? { request.headers[name] }
    package var clientAddress: String { request.clientAddress }
    package var authority: String? { request.authority }
    /// Path and query as they were sent.
    package var target: String { request.target }
}

/// The path parameters of a request, still encoded.
struct PathParameters: Sendable {
    let names: [String]
    let values: [String]

    subscript(name: String) -> String? {
        guard let index = names.firstIndex(of: name), index < values.count else { return nil }
        return values[index]
    }
}

/// A request that reads itself from the wire.
package protocol RequestDecodable: Sendable {
    init(from input: borrowing RequestInput) throws(MatrixError)
}

/// The request of an endpoint that takes nothing.
package struct EmptyRequest: RequestDecodable {
    package init(from input: borrowing RequestInput) throws(MatrixError) {}
}
