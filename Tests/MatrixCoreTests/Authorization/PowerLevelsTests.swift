import MatrixCore
import Testing

@Suite struct PowerLevelsTests {
    private static let alice = AuthScene.alice
    private static let creator = AuthScene.creator

    @Test func readsStringsAsVersionsUpTo9Do() throws {
        let cases: [(String, Int64?)] = [
            ("100", 100), ("000100", 100), ("+100", 100), ("-100", -100), (" 100 ", 100), (" 00100 ", 100),
            ("\t-100\n", -100), ("", nil), (" ", nil), ("1 0", nil), ("1.0", nil), ("+-1", nil), ("1e2", nil),
            ("x", nil), ("1_000", nil), ("١", nil), ("0x10", nil), ("1 ", 1), ("- 1", nil), ("++1", nil),
            ("\u{A0}7\u{2003}", 7), ("\u{1F}7\u{85}", 7), ("7\u{200B}", nil), ("\u{0}7", nil),
            ("9223372036854775807", .max), ("-9223372036854775808", .min),
            ("99999999999999999999999", .max), ("-99999999999999999999999", .min), ("18446744073709551617", .max),
        ]
        for version in [RoomVersion.v1, .v5, .v9] {
            for (text, level) in cases { try expect(.string(text), level, in: version) }
        }
        for (text, _) in cases { try expect(.string(text), nil, in: .v10) }
    }

    /// - Spec: https://spec.matrix.org/v1.19/rooms/v1/#mroompower_levels-events-accept-values-as-floats
    @Test func readsFractionsAsVersionsUpTo5Do() throws {
        let cases: [(JSONValue, Int64?)] = [
            (.float(5.114698e4), 51146), (50.57, 50), (-50.57, -50), (-0.9, 0), (1e300, .max), (-1e300, .min),
            (.float(9_223_372_036_854_775_808), .max), (true, nil), (.null, nil), ([], nil), ([:], nil),
        ]
        for version in [RoomVersion.v1, .v5] { for (value, level) in cases { try expect(value, level, in: version) } }
        // Integers beyond what a double can hold are as good as none.
        let digits = String(repeating: "9", count: 400)
        var factory = EventFactory(.v1)
        let create = try factory.create()
        for (text, level) in [("9223372036854775808", Int64.max), ("-9223372036854775809", .min), (digits, 50)] {
            let content = try JSONDocument(parsing: #"{"kick":\#(text)}"#)
            let builder = try EventBuilder(
                version: .v1, roomID: create.roomID, type: EventType.powerLevels, stateKey: "", sender: create.sender,
                content: content.root)
            let event = try builder.signed(by: create.sender.serverName, with: EventFactory.key)
            #expect(PowerLevels(event: event, create: create, version: .v1).required(.kick) == .finite(level))
        }
    }

    /// The default of `kick` is 50.
    private func expect(_ value: JSONValue, _ level: Int64?, in version: RoomVersion) throws {
        var scene = try AuthScene(version)
        try scene.setPowerLevels(["kick": value])
        let found = scene.state.powerLevels(in: version).required(.kick)
        #expect(found == .finite(level ?? 50), "v\(version) \(value)")
    }

    @Test func levelsWithoutPowerLevels() throws {
        for version in [RoomVersion.v10, .v11, .v12] {
            let scene = try AuthScene(version, hasPowerLevels: false)
            let levels = scene.state.powerLevels(in: version)
            let creator = try #require(UserID(Self.creator))
            let alice = try #require(UserID(Self.alice))
            #expect(levels.level(of: creator) == (version == .v12 ? .infinite : .finite(100)))
            #expect(levels.level(of: alice) == .finite(0))
            #expect(levels.required(type: "m.x", isState: true) == .finite(50))
            #expect(levels.required(type: "m.x", isState: false) == .finite(0))
            #expect(levels.required(.ban) == .finite(50) && levels.required(.invite) == .finite(0))
        }
    }
}
