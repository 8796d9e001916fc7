import NIOCore
import NIOHTTP1

/// A registered user, as the load generator needs one.
struct MatrixUser: Sendable {
    let userID: String
    let deviceID: String
    let token: String
}

/// What one connection can ask of a homeserver. Each answer other than 200 is a failure that tells the answer.
struct MatrixConnection: Sendable {
    let http: HTTPConnection

    private static let client = "/_matrix/client/v3"

    func register(name: String, secret: String?) async throws -> MatrixUser {
        let password = "load-\(name)"
        guard let secret else {
            return try await user(
                .POST, "\(Self.client)/register",
                "{\"auth\": {\"type\": \"m.login.dummy\"}, \"username\": \(quoted(name)), \"password\": \(quoted(password))}"
            )
        }
        let path = "/_synapse/admin/v1/register"
        let nonce = try field("nonce", of: try await ask(.GET, path))
        let mac = registrationMAC(secret: secret, nonce: nonce, user: name, password: password)
        return try await user(
            .POST, path,
            """
            {"nonce": \(quoted(nonce)), "username": \(quoted(name)), "password": \(quoted(password)), "admin": false, \
            "mac": "\(mac)"}
            """)
    }

    func createRoom(by user: MatrixUser, name: String) async throws -> String {
        let body = "{\"preset\": \"public_chat\", \"name\": \(quoted(name))}"
        return try field("room_id", of: try await ask(.POST, "\(Self.client)/createRoom", user.token, body))
    }

    func join(_ roomID: String, as user: MatrixUser) async throws {
        _ = try await ask(.POST, "\(Self.client)/join/\(percentEncoded(roomID))", user.token, "{}")
    }

    /// Sends one text message and returns its event id.
    func send(_ text: String, to roomID: String, transaction: String, as user: MatrixUser) async throws -> String {
        let path = "\(Self.client)/rooms/\(percentEncoded(roomID))/send/m.room.message/\(percentEncoded(transaction))"
        let body = "{\"msgtype\": \"m.text\", \"body\": \(quoted(text))}"
        return try field("event_id", of: try await ask(.PUT, path, user.token, body))
    }

    /// The versions of the protocol: an answer for which nothing is read.
    func versions() async throws -> HTTPAnswer { try await ask(.GET, "/_matrix/client/versions") }

    /// The answer to a sync, still as bytes. The user stays offline, so that presence is not what is measured.
    func sync(
        as user: MatrixUser, since: String?, timeoutMilliseconds: Int, filter: String? = nil
    ) async throws -> HTTPAnswer {
        var path = "\(Self.client)/sync?set_presence=offline&timeout=\(timeoutMilliseconds)"
        if let since { path += "&since=\(percentEncoded(since))" }
        if let filter { path += "&filter=\(percentEncoded(filter))" }
        return try await ask(.GET, path, user.token)
    }

    /// Reads what waits for a device, page by page, until nothing is left or time is up.
    ///
    /// - Parameter take: gets the bodies of a page's messages, and how long the page took.
    func readInbox(
        as user: MatrixUser, since: String, until deadline: Deadline,
        _ take: (_ messages: [String], _ nanoseconds: Int64) -> Void
    ) async throws {
        var token = since
        while !deadline.isOver {
            let start = monotonicNanoseconds()
            let page = try SyncPage(try await sync(as: user, since: token, timeoutMilliseconds: 0).bytes)
            if page.messages.isEmpty { return }
            take(page.messages, monotonicNanoseconds() - start)
            token = page.nextBatch
        }
    }

    /// One answer of simplified sliding sync, on the path that both servers and clients of today have.
    func slidingSync(as user: MatrixUser, position: String?, request: String) async throws -> SlidingPage {
        var path = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync?timeout=0"
        if let position { path += "&pos=\(percentEncoded(position))" }
        return try SlidingPage(try await ask(.POST, path, user.token, request).bytes)
    }

    /// One page of a room's history, newest first.
    func messages(in roomID: String, from: String?, limit: Int, token: String) async throws -> MessagesPage {
        var path = "\(Self.client)/rooms/\(percentEncoded(roomID))/messages?dir=b&limit=\(limit)"
        if let from { path += "&from=\(percentEncoded(from))" }
        return try MessagesPage(try await ask(.GET, path, token).bytes)
    }

    /// Uploads keys of a device; `body` is the whole request.
    func uploadKeys(_ body: String, as user: MatrixUser) async throws {
        _ = try await ask(.POST, "\(Self.client)/keys/upload", user.token, body)
    }

    /// Claims a key of a user's device and returns its name.
    func claimKey(of owner: MatrixUser, as user: MatrixUser) async throws -> String {
        let wanted = "{\(quoted(owner.userID)): {\(quoted(owner.deviceID)): \"signed_curve25519\"}}"
        let answer = try await ask(
            .POST, "\(Self.client)/keys/claim", user.token, "{\"one_time_keys\": \(wanted)}")
        guard let key = try ClaimedKeys(answer.bytes).names.first else {
            throw Failure("no key of \(owner.userID) was given: \(answer.text.prefix(200))")
        }
        return key
    }

    func queryKeys(of users: [MatrixUser], as user: MatrixUser) async throws -> QueriedKeys {
        let wanted = users.map { "\(quoted($0.userID)): []" }.joined(separator: ", ")
        let body = "{\"device_keys\": {\(wanted)}}"
        return try QueriedKeys(try await ask(.POST, "\(Self.client)/keys/query", user.token, body).bytes)
    }

    /// Sends each of these users' devices one message, about as long as an encrypted room key.
    func sendToDevices(
        of users: [MatrixUser], body: String, transaction: String, as user: MatrixUser
    ) async throws {
        let content = "{\"body\": \(quoted(body)), \"ciphertext\": \"\(Self.ciphertext)\"}"
        let messages = users.map { "\(quoted($0.userID)): {\(quoted($0.deviceID)): \(content)}" }
            .joined(separator: ", ")
        let path = "\(Self.client)/sendToDevice/m.room.encrypted/\(percentEncoded(transaction))"
        _ = try await ask(.PUT, path, user.token, "{\"messages\": {\(messages)}}")
    }

    private static let ciphertext = String(repeating: "Y2lwaGVydGV4dC", count: 60)

    private func user(_ method: HTTPMethod, _ path: String, _ body: String) async throws -> MatrixUser {
        let answer = try await ask(method, path, nil, body)
        return MatrixUser(
            userID: try field("user_id", of: answer), deviceID: try field("device_id", of: answer),
            token: try field("access_token", of: answer))
    }

    private func ask(
        _ method: HTTPMethod, _ path: String, _ token: String? = nil, _ body: String? = nil
    ) async throws -> HTTPAnswer {
        let answer = try await http.send(method, path, token: token, body: body)
        guard answer.status == 200 else {
            throw Failure("\(method) \(path.prefix(120)): \(answer.status) \(answer.text.prefix(200))")
        }
        return answer
    }

    private func field(_ name: String, of answer: HTTPAnswer) throws -> String {
        var found: String?
        var reader = JSONReader(answer.bytes)
        try reader.members { key, value in
            if key == name { found = try value.optionalString() }
        }
        guard let found else { throw Failure("the answer has no `\(name)`: \(answer.text.prefix(200))") }
        return found
    }
}
