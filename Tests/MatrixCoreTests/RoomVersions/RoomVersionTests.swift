import MatrixCore
import Testing

@Suite struct RoomVersionTests {
    @Test func findsVersionsByTheirExactName() {
        #expect(RoomVersion("12") == .v12)
        #expect(RoomVersion("10") == .v10)
        for name in ["", "0", "01", "13", " 12", "12 ", "org.matrix.msc1"] { #expect(RoomVersion(name) == nil) }
        #expect(RoomVersion.default == .v12)
        #expect(Set(RoomVersion.supportedIdentifiers).count == RoomVersion.supported.count)
    }

    @Test func versionsDifferWhereTheSpecificationSaysSo() {
        #expect(
            RoomVersion.supported.map(\.enforcesCanonicalJSON).firstIndex(of: true)
                == RoomVersion.supported.firstIndex(of: .v6))
        #expect(RoomVersion.v12.namesRoomByCreateEvent && !RoomVersion.v11.namesRoomByCreateEvent)
        #expect(RoomVersion.v11.hasRedactsInContent && !RoomVersion.v10.hasRedactsInContent)
        #expect(RoomVersion.v12.stateResolution == .v2_1 && RoomVersion.v11.stateResolution == .v2)
        #expect(RoomVersion.v3.eventIDFormat == .hash && RoomVersion.v4.eventIDFormat == .urlSafeHash)
        #expect(!RoomVersion.v4.enforcesKeyValidity && RoomVersion.v5.enforcesKeyValidity)
        #expect(RoomVersion.v10.maximumDepth == 1 << 53 - 1 && RoomVersion.v5.maximumDepth == .max)
    }
}
