import EndpointsTesting
import HTTPTypes
import MatrixCore
import Testing

@Suite struct DeviceTests {
    @Test func devicesAreListedReadAndRenamed() async throws {
        try await AccountAPI.with { api in
            let session = try await api.register(
                "alice", ["device_id": "PHONE", "initial_device_display_name": "My phone"])
            let device = await api.ask(.get, "/devices/PHONE", as: session)
            #expect(device["device_id"]?.string == "PHONE" && device["display_name"]?.string == "My phone")
            #expect(device["last_seen_ip"]?.string == "192.0.2.1" && device["last_seen_ts"]?.int != nil)
            #expect(await api.ask(.put, "/devices/PHONE", ["display_name": "Old phone"], as: session).status == 200)
            #expect(await api.ask(.put, "/devices/PHONE", [:], as: session).status == 200)
            let devices = await api.ask(.get, "/devices", as: session)["devices"]?.array
            #expect(devices?.count == 1 && devices?.first?["display_name"]?.string == "Old phone")
            #expect(await api.ask(.get, "/devices/OTHER", as: session).errcode == "M_NOT_FOUND")
            for body: JSONValue in [["display_name": "x"], [:]] {
                #expect(await api.ask(.put, "/devices/OTHER", body, as: session).errcode == "M_NOT_FOUND")
            }
            for name: JSONValue in ["\u{0}", .string(String(repeating: "x", count: 5000))] {
                let answer = await api.ask(.put, "/devices/PHONE", ["display_name": name], as: session)
                #expect(answer.errcode == "M_INVALID_PARAM")
            }
        }
    }

    @Test func nobodySeesTheDevicesOfOthers() async throws {
        try await AccountAPI.with { api in
            _ = try await api.register("alice", ["device_id": "PHONE"])
            let bob = try await api.register("bob")
            #expect(await api.ask(.get, "/devices/PHONE", as: bob).status == 404)
            #expect(await api.ask(.put, "/devices/PHONE", ["display_name": "x"], as: bob).status == 404)
        }
    }

    @Test func aDeviceIsDeletedByItsOwnersPassword() async throws {
        try await AccountAPI.with { api in
            let session = try await api.register("alice")
            let login: JSONValue = [
                "type": "m.login.password", "user": "alice", "password": "correct horse", "device_id": "OLD",
            ]
            let old = try #require(AccountAPI.Session(await api.ask(.post, "/login", login)))
            _ = try await api.register("bob")
            // No body at all is the beginning, too.
            let challenge = await api.ask(.delete, "/devices/OLD", as: session)
            #expect(challenge.status == 401)
            let id = try #require(challenge["session"]?.string)
            let foreign = await api.ask(
                .delete, "/devices/OLD", ["auth": AccountAPI.auth("bob", session: id)], as: session)
            #expect(foreign.status == 403)
            // The session is for this device and no other.
            let other = await api.ask(
                .delete, "/devices/\(session.deviceID)", ["auth": AccountAPI.auth("alice", session: id)], as: session)
            #expect(other.status == 403)
            let answer = await api.ask(
                .delete, "/devices/OLD", ["auth": AccountAPI.auth("alice", session: id)], as: session)
            #expect(answer.status == 200 && answer.body == [:])
            #expect(await api.ask(.get, "/account/whoami", as: old).errcode == "M_UNKNOWN_TOKEN")
            #expect(await api.ask(.get, "/devices/OLD", as: session).status == 404)
            // It had been removed before: that is fine.
            let again = await api.ask(.delete, "/devices/OLD", ["auth": AccountAPI.auth("alice")], as: session)
            #expect(again.status == 200)
        }
    }

    /// Since version 1.17 of the specification.
    @Test func applicationServicesMakeAndDeleteDevicesWithoutAuthentication() async throws {
        try await AccountAPI.with { api in
            let session = try await api.register("alice")
            let made = await api.askAsService(.put, "/devices/BRIDGE", ["display_name": "A bridge"], for: session)
            #expect(made.status == 201 && made.body == [:])
            let renamed = await api.askAsService(.put, "/devices/BRIDGE", ["display_name": "The bridge"], for: session)
            #expect(renamed.status == 200 && renamed.body == [:])
            #expect(await api.askAsService(.put, "/devices/SECOND", [:], for: session).status == 201)
            let device = await api.ask(.get, "/devices/BRIDGE", as: session)
            #expect(device["display_name"] == "The bridge")
            let long = String(repeating: "x", count: 600)
            #expect(await api.askAsService(.put, "/devices/\(long)", [:], for: session).errcode == "M_INVALID_PARAM")
            #expect(await api.askAsService(.delete, "/devices/BRIDGE", [:], for: session).status == 200)
            let several = await api.askAsService(.post, "/delete_devices", ["devices": ["SECOND"]], for: session)
            #expect(several.status == 200)
            #expect(await api.ask(.get, "/devices", as: session)["devices"]?.array?.count == 1)
        }
    }

    @Test func severalDevicesAreDeletedAtOnce() async throws {
        try await AccountAPI.with { api in
            let session = try await api.register("alice")
            for device in ["A", "B", "C"] {
                let login: JSONValue = [
                    "type": "m.login.password", "user": "alice", "password": "correct horse",
                    "device_id": .string(device),
                ]
                #expect(await api.ask(.post, "/login", login).status == 200)
            }
            var request: JSONValue = ["devices": ["A", "B", "nowhere"]]
            let challenge = await api.ask(.post, "/delete_devices", request, as: session)
            let id = try #require(challenge["session"]?.string)
            request["auth"] = AccountAPI.auth("alice", session: id)
            var wider = request
            wider["devices"] = ["A", "B", "C"]
            #expect(await api.ask(.post, "/delete_devices", wider, as: session).status == 403)
            #expect(await api.ask(.post, "/delete_devices", request, as: session).status == 200)
            #expect(await api.ask(.get, "/devices", as: session)["devices"]?.array?.count == 2)
            #expect(await api.ask(.post, "/delete_devices", [:], as: session).errcode == "M_MISSING_PARAM")
            #expect(await api.ask(.post, "/delete_devices", ["devices": [1]], as: session).errcode == "M_BAD_JSON")
            #expect(
                await api.ask(.post, "/delete_devices", ["devices": [""]], as: session).errcode == "M_INVALID_PARAM")
        }
    }
}
