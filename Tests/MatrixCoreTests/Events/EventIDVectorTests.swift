import MatrixCore
import Testing

/// Ids that another implementation (Synapse) computes for these events: a mistake of ours cannot agree with itself.
@Suite struct EventIDVectorTests {
    @Test(arguments: vectors) func computesTheIDsThatOthersCompute(vector: Vector) throws {
        let version = try #require(RoomVersion(vector.version))
        let received = try Event.receive(JSONDocument(parsing: vector.event).root, in: version)
        #expect(received.isContentIntact)
        #expect(received.event.eventID.description == vector.eventID)
        let redacted = try received.event.redacted()
        #expect(try Event(stored: redacted.bytes, eventID: nil, version: version).eventID == received.event.eventID)
    }

    struct Vector: Sendable, CustomTestStringConvertible {
        let version: String
        let eventID: String
        let event: String
        var testDescription: String { "v\(version) \(eventID)" }
    }

    private static let vectors = [
        Vector(
            version: "3", eventID: "$g+GaLIXTB0v9afp8I/7Poq7zfKBtrEyxNo6saHG/wjk",
            event: #"""
                {"auth_events":[],"content":{"creator":"@creator:one.example","room_version":"3"},"depth":1,\#
                "hashes":{"sha256":"sDTE91uo23VHEhXJaf0t1EqDTSM1WTySDOgIhysVWJ0"},"origin_server_ts":1001,\#
                "prev_events":[],"room_id":"!room:one.example","sender":"@creator:one.example",\#
                "signatures":{"one.example":{"ed25519:test":"0HbkZf5y6vf5LmBwL6d+VZMicW1RPVltxXQFHbHa61j0GC3Z7EwPzTmp7CBhr2JO48zfPIry45Wor8dLiwurBw"}},\#
                "state_key":"","type":"m.room.create"}
                """#),
        Vector(
            version: "3", eventID: "$Mam9Ctm92LxkTswwtV8pwjKAEmtzCCN7RzFGou+sqxQ",
            event: #"""
                {"auth_events":["$g+GaLIXTB0v9afp8I/7Poq7zfKBtrEyxNo6saHG/wjk",\#
                "$BnSwTC1lgJmYT7MxwH3H0nfr7+oRzmdcAdSdY9HMvyE"],"content":{"users":{"@creator:one.example":100}},\#
                "depth":5,"hashes":{"sha256":"tWXAcc6AGr6ThvQYJy2uZ6tJD///82jysFAbZsPI5z0"},\#
                "origin_server_ts":1003,"prev_events":[],"room_id":"!room:one.example",\#
                "sender":"@creator:one.example",\#
                "signatures":{"one.example":{"ed25519:test":"BLnsVe+IxDogp3hAIxJ8xwdTFqqdgp4PdeJxMy9bUC/EDzM9ypsohHOOHo821pExAGHlwSXnw8loecZwUHDEDg"}},\#
                "state_key":"","type":"m.room.power_levels"}
                """#),
        Vector(
            version: "6", eventID: "$JswlISOHqsdE1cs7f0m3yoAxHZe5efKGOhF9oLBUkyU",
            event: #"""
                {"auth_events":[],"content":{"creator":"@creator:one.example","room_version":"6"},"depth":1,\#
                "hashes":{"sha256":"F5brkpzmMiP3vOtlwZGU6oBpMVfFyF4Xs3bbodAV0ow"},"origin_server_ts":1001,\#
                "prev_events":[],"room_id":"!room:one.example","sender":"@creator:one.example",\#
                "signatures":{"one.example":{"ed25519:test":"XGO895kt6tlsCgY69zvDWvseGehnbNAZEMiTieEK1vjdCu1ddaUQsXnRhWoEpCLjjWI0C1kj8nKIERYfCzLbBg"}},\#
                "state_key":"","type":"m.room.create"}
                """#),
        Vector(
            version: "10", eventID: "$nFm1i9Ernu7RqFaKdgbpbk_o097dG8e4dKJ4uewUawo",
            event: #"""
                {"auth_events":[],"content":{"creator":"@creator:one.example","room_version":"10"},"depth":1,\#
                "hashes":{"sha256":"IoqG8hnY2sfTYgkLXJ0o8fkNpl1AHwja8UI6INH3nFY"},"origin_server_ts":1001,\#
                "prev_events":[],"room_id":"!room:one.example","sender":"@creator:one.example",\#
                "signatures":{"one.example":{"ed25519:test":"WzRc6Zz+rd5nDoWI7K2kK2MpzhmRB8UuKMVpdPIt1AVNa5ZuNlxopSUHFqwPhkFvx0fa/p/ZKXVM09AEUJKSCA"}},\#
                "state_key":"","type":"m.room.create"}
                """#),
        Vector(
            version: "10", eventID: "$P2TUNe4Pv8Dj8zQ7OIkn0SxqvmsG8y7U9cLri-6nXCg",
            event: #"""
                {"auth_events":["$nFm1i9Ernu7RqFaKdgbpbk_o097dG8e4dKJ4uewUawo",\#
                "$6nwwLxvjSeSBgfejlqkixOBY_D4gmFDnF-9llFvArfg"],"content":{"users":{"@creator:one.example":100}},\#
                "depth":5,"hashes":{"sha256":"j2mNMZSW8doOB8RsxbXq1Dq+ySTwNrWdYyyHXr8C9n4"},\#
                "origin_server_ts":1003,"prev_events":[],"room_id":"!room:one.example",\#
                "sender":"@creator:one.example",\#
                "signatures":{"one.example":{"ed25519:test":"z/d0gWqM9r1qzTWywdfTg67vt+oN3pjFe2dnFMOb6x+kxy3l5wglN3FVV2uw+TDywvnbnas0ctRJa5OGyUNGCg"}},\#
                "state_key":"","type":"m.room.power_levels"}
                """#),
        Vector(
            version: "11", eventID: "$Di92xRIZBpbYZVGEkKpjOogGhUzgSPSsp5-nNAwSRwU",
            event: #"""
                {"auth_events":[],"content":{"room_version":"11"},"depth":1,\#
                "hashes":{"sha256":"GdhQ7NsbjyEfoILo4w5j/n7OkIDAjWJIAVUgUGA9jJU"},"origin_server_ts":1001,\#
                "prev_events":[],"room_id":"!room:one.example","sender":"@creator:one.example",\#
                "signatures":{"one.example":{"ed25519:test":"l+0SlHHP59W5DaY+OhXMPe4IFl2m8DzFWwoJHPrM+C39lsl0PAzcS9cePYnl7Xu+yRLWh1U4GZWSEUH7hXtjCg"}},\#
                "state_key":"","type":"m.room.create"}
                """#),
        Vector(
            version: "12", eventID: "$Ip7Qlnnukv1auhqfaarKJgwrNErQQvlg6innZiVuOj8",
            event: #"""
                {"auth_events":[],"content":{"room_version":"12"},"depth":1,\#
                "hashes":{"sha256":"qkqqQhWO6K4Rt6EqkZJJYJjAaADsawm3rociMo0mLc8"},"origin_server_ts":1001,\#
                "prev_events":[],"sender":"@creator:one.example",\#
                "signatures":{"one.example":{"ed25519:test":"YKNMa20s2RtG61bBTnz9Lj3F5YJngoAPtLd6Ug60U0Mqg+SjzOt+wtVsVI8rRdHYiwRxs9Nem9vTVD9jkl/tAQ"}},\#
                "state_key":"","type":"m.room.create"}
                """#),
        Vector(
            version: "12", eventID: "$_J_IARkdD_wLt_yrDPGF4FB4wst71KwriF8jMFCji4w",
            event: #"""
                {"auth_events":["$cOIVh4WSd1tt4GA8FrXyT6Ws8i8u6Bkeyb5MtgJiGxM"],"content":{"users":{}},"depth":5,\#
                "hashes":{"sha256":"F9Vu51/m39Ei/z+F38+kDi9Z4DPdXF0tCadAqeFRAB0"},"origin_server_ts":1003,\#
                "prev_events":[],"room_id":"!Ip7Qlnnukv1auhqfaarKJgwrNErQQvlg6innZiVuOj8",\#
                "sender":"@creator:one.example",\#
                "signatures":{"one.example":{"ed25519:test":"VKdSghomDynh7WQlXkTPVUaVQD6rdmTQU1kIUrncb7AOC57I5BTZA8VKD0H67ZOmuX8diSy9RBMcHduJCGUvCg"}},\#
                "state_key":"","type":"m.room.power_levels"}
                """#),
    ]
}
