import EndpointsTesting
import HTTPTypes
import MatrixCore
import Storage
import Testing

@Suite struct DehydratedDeviceTests {
    @Test func aDeviceIsStoredToldAndDeleted() async throws {
        try await DehydratedDeviceAPI.with { api in
            let none = try await api.ask(.get)
            #expect(none.status == 404 && none.errcode == "M_NOT_FOUND")
            #expect(try await api.ask(.delete).errcode == "M_NOT_FOUND")
            let device = SleepingDevice(deviceID: "SLEEPER", oneTimeKeys: 2)
            #expect(try await api.ask(.put, "", device.request).body == ["device_id": "SLEEPER"])
            #expect(try await api.ask(.get).body == ["device_id": "SLEEPER", "device_data": device.data])
            // Others find it as they find any device.
            let seen = try #require(try await api.devices()["SLEEPER"])
            #expect(seen["dehydrated"] == true && seen["unsigned"]?["device_display_name"] == "Asleep")
            let request = try device.request
            #expect(seen["keys"] == request["device_keys"]?["keys"])
            #expect(try await api.claim(3, of: "SLEEPER") == ["K0", "K1", "F"])
            #expect(try await api.count("lists") == 1)
            // Nobody else has it.
            #expect(try await api.ask(.get, as: "bob").errcode == "M_NOT_FOUND")
            #expect(try await api.ask(.delete, as: "bob").errcode == "M_NOT_FOUND")
            #expect(try await api.ask(.delete).body == ["device_id": "SLEEPER"])
            #expect(try await api.ask(.get).status == 404)
            #expect(try await api.devices().isEmpty)
            for table in ["devices", "device_keys", "one_time_keys", "fallback_keys", "dehydrated_devices"] {
                #expect(try await api.count(table) == 0, "\(table)")
            }
            #expect(try await api.count("lists") == 2)
        }
    }

    @Test func aNewOneReplacesTheOldOneWithEverything() async throws {
        try await DehydratedDeviceAPI.with { api in
            try await api.logIn("PHONE")
            let old = SleepingDevice(deviceID: "OLD", oneTimeKeys: 3)
            #expect(try await api.ask(.put, "", old.request).status == 200)
            try await api.send(0..<3, to: "OLD")
            let new = SleepingDevice(deviceID: "NEW", oneTimeKeys: 1, seed: 2)
            #expect(try await api.ask(.put, "", new.request).status == 200)
            #expect(try await api.ask(.get)["device_id"] == "NEW")
            #expect(try await Array(api.devices().keys) == ["NEW"])
            #expect(try await api.claim(1, of: "OLD") == [nil])
            #expect(try await api.claim(1, of: "NEW") == ["K0"])
            #expect(try await api.count("device_messages") == 0)
            #expect(try await api.count("devices") == 2)
            #expect(try await api.ask(.get, "/OLD/events").errcode == "M_FORBIDDEN")
        }
    }

    /// A client that never got the answer asks again, and must lose nothing by it.
    @Test func theSameDeviceAgainKeepsWhatItHas() async throws {
        try await DehydratedDeviceAPI.with { api in
            var device = SleepingDevice(deviceID: "SLEEPER", oneTimeKeys: 2)
            #expect(try await api.ask(.put, "", device.request).status == 200)
            try await api.send(0..<2, to: "SLEEPER")
            #expect(try await api.claim(1, of: "SLEEPER") == ["K0"])
            device.data["nonce"] = "y"
            #expect(try await api.ask(.put, "", device.request).status == 200)
            #expect(try await api.ask(.get)["device_data"] == device.data)
            #expect(try await api.ask(.get, "/SLEEPER/events")["events"]?.array?.count == 2)
            // Given out is given out.
            #expect(try await api.claim(2, of: "SLEEPER") == ["K1", "F"])
        }
    }

    @Test func whatIsWrongChangesNothing() async throws {
        try await DehydratedDeviceAPI.with { api in
            try await api.logIn("PHONE")
            let stored = SleepingDevice(deviceID: "OLD", oneTimeKeys: 1)
            #expect(try await api.ask(.put, "", stored.request).status == 200)
            let good = try SleepingDevice(deviceID: "NEW", oneTimeKeys: 1).request
            var attempts: [(String, JSONValue)] = []
            func without(_ name: String) -> JSONValue {
                var request = good
                request[name] = nil
                return request
            }
            attempts += ["device_id", "device_data", "device_keys"].map { ("M_MISSING_PARAM", without($0)) }
            func with(_ name: String, _ value: JSONValue) -> JSONValue {
                var request = good
                request[name] = value
                return request
            }
            attempts.append(("M_INVALID_PARAM", with("device_id", "")))
            attempts.append(("M_BAD_JSON", with("device_data", "text")))
            attempts.append(("M_BAD_JSON", with("device_data", ["algorithm": 5])))
            attempts.append(("M_TOO_LARGE", with("device_data", Self.hugeData)))
            // Keys of another device, or user; a device that is somebody already.
            attempts.append(("M_BAD_JSON", with("device_id", "OTHER")))
            attempts.append(("M_BAD_JSON", try SleepingDevice(deviceID: "NEW", user: "@bob:example.org").request))
            attempts.append(("M_INVALID_PARAM", try SleepingDevice(deviceID: "PHONE").request))
            var forged = good
            forged["device_keys"]?["dehydrated"] = false
            attempts.append(("M_INVALID_SIGNATURE", forged))
            var stranger = good
            stranger["one_time_keys"] = try SleepingDevice(deviceID: "NEW", oneTimeKeys: 1, seed: 9)
                .request["one_time_keys"]
            attempts.append(("M_INVALID_SIGNATURE", stranger))
            for (errcode, request) in attempts {
                let answer = try await api.ask(.put, "", request)
                #expect(answer.errcode == errcode)
            }
            #expect(try await api.ask(.get)["device_id"] == "OLD")
            #expect(try await Array(api.devices().keys) == ["OLD"])
            #expect(try await api.count("devices") == 2)
        }
    }

    private static let hugeData: JSONValue = [
        "algorithm": "x", "device_pickle": .string(String(repeating: "x", count: 300_000)),
    ]

    @Test func moreKeysThanADeviceMayHaveChangeNothing() async throws {
        try await DehydratedDeviceAPI.with { api in
            let few = try SleepingDevice(deviceID: "SLEEPER", oneTimeKeys: 1).request
            #expect(try await api.ask(.put, "", few).status == 200)
            for deviceID in ["SLEEPER", "OTHER"] {
                let many = try SleepingDevice(deviceID: deviceID, oneTimeKeys: Self.tooManyKeys).request
                #expect(try await api.ask(.put, "", many).errcode == "M_INVALID_PARAM")
            }
            #expect(try await api.count("one_time_keys") == 1)
            #expect(try await api.count("devices") == 1)
        }
    }

    private static let tooManyKeys = Int(DeviceKeyStore.maxOneTimeKeys) + 1

    @Test func messagesAreReadInPartsAndStay() async throws {
        try await DehydratedDeviceAPI.with { api in
            #expect(try await api.ask(.put, "", SleepingDevice(deviceID: "S/+=").request).status == 200)
            let path = "/S%2F%2B%3D/events"
            #expect(try await api.ask(.get, path).body == ["events": []])
            try await api.send(0..<5, to: "S/+=")
            func numbers(_ answer: EndpointAnswer) -> [Int64] {
                answer["events"]?.array?.compactMap { $0["n"]?.int } ?? []
            }
            // Twice: nothing is deleted by reading.
            for _ in 0..<2 {
                var (found, token): ([Int64], String?) = ([], nil)
                repeat {
                    let from = token.map { "&from=\($0)" } ?? ""
                    let answer = try await api.ask(.get, path + "?limit=2" + from)
                    #expect(answer.status == 200)
                    found += numbers(answer)
                    token = answer["next_batch"]?.string
                } while token != nil
                #expect(found == [0, 1, 2, 3, 4])
            }
            // As clients of today do it: to the page without messages.
            var (found, body): ([Int64], JSONValue) = ([], [:])
            while true {
                let answer = try await api.ask(.post, path + "?limit=2", body)
                #expect(answer.status == 200)
                let end: String = try #require(answer["next_batch"]?.string)
                body["next_batch"] = .string(end)
                if numbers(answer).isEmpty { break }
                found += numbers(answer)
            }
            #expect(found == [0, 1, 2, 3, 4])
            try await api.send(5..<6, to: "S/+=")
            let last = try await api.ask(.post, path, body)
            #expect(numbers(last) == [5])
        }
    }

    @Test func onlyOnesOwnStoredDeviceIsRead() async throws {
        try await DehydratedDeviceAPI.with { api in
            #expect(try await api.ask(.get, "/SLEEPER/events").errcode == "M_FORBIDDEN")
            #expect(try await api.ask(.put, "", SleepingDevice(deviceID: "SLEEPER").request).status == 200)
            try await api.logIn("PHONE")
            for method in [HTTPRequest.Method.get, .post] {
                for (path, user) in [("/PHONE/events", "alice"), ("/SLEEPER/events", "bob")] {
                    let answer = try await api.ask(method, path, method == .post ? [:] : nil, as: user)
                    #expect(answer.status == 403 && answer.errcode == "M_FORBIDDEN")
                }
                #expect(try await api.ask(method, "/SLEEPER/events", as: nil).errcode == "M_MISSING_TOKEN")
            }
            for token in ["x", "d1", "d_", "d1_x", "d-1_0", "d99999999999999999999_0"] {
                #expect(try await api.ask(.get, "/SLEEPER/events?from=\(token)").errcode == "M_INVALID_PARAM")
                let body: JSONValue = ["next_batch": .string(token)]
                #expect(try await api.ask(.post, "/SLEEPER/events", body).errcode == "M_INVALID_PARAM")
            }
            #expect(try await api.ask(.get, "/SLEEPER/events?limit=0").errcode == "M_INVALID_PARAM")
        }
    }

    @Test func itEndsWithTheOtherDevicesAndTheAccount() async throws {
        try await DehydratedDeviceAPI.with { api in
            let alice = try api.user("alice")
            #expect(try await api.ask(.put, "", SleepingDevice(deviceID: "ONE").request).status == 200)
            _ = try await DeviceStore(pool: api.pool).closeAll(of: alice, now: 2)
            #expect(try await api.ask(.get).errcode == "M_NOT_FOUND")
            #expect(try await api.ask(.put, "", SleepingDevice(deviceID: "TWO").request).status == 200)
            _ = try await AccountStore(pool: api.pool).deactivate(alice, erase: false, now: 3)
            #expect(try await api.count("dehydrated_devices") == 0)
            #expect(try await api.count("device_keys") == 0)
            #expect(
                try await api.ask(.put, "", SleepingDevice(deviceID: "THREE").request).errcode == "M_USER_DEACTIVATED")
        }
    }
}
