import MatrixCore
import Testing

/// - Spec: https://spec.matrix.org/v1.19/rooms/#feature-matrix
@Suite struct RoomVersionTests {
    @Test func findsVersionsByTheirExactName() {
        for number in 1...12 { #expect(RoomVersion("\(number)")?.identifier == "\(number)") }
        for name in ["", "0", "01", "13", " 12", "12 ", "1.0", "+1", "org.matrix.msc1"] {
            #expect(RoomVersion(name) == nil)
        }
        #expect(RoomVersion.supportedIdentifiers == (1...12).map(String.init))
        #expect(RoomVersion.default == .v12)
    }

    /// What is called stable is what clients may offer to upgrade to, and what the specification has a page of.
    @Test func allOfTheSpecificationAreStable() {
        for version in RoomVersion.supported { #expect(version.isStable) }
    }

    @Test(arguments: RoomVersion.supported) func differsWhereItsPageSaysSo(version: RoomVersion) throws {
        let number = try #require(Int(version.identifier))
        // v1: https://spec.matrix.org/v1.19/rooms/v1/
        #expect(version.stateResolution == (number == 1 ? .v1 : number < 12 ? .v2 : .v2_1))
        // v3 and v4: https://spec.matrix.org/v1.19/rooms/v4/#event-ids
        #expect(version.eventIDFormat == (number < 3 ? .chosen : number == 3 ? .hash : .urlSafeHash))
        #expect(version.authorization.hasRedactionRule == (number < 3))
        // v5: https://spec.matrix.org/v1.19/rooms/v5/#signing-key-validity-period
        #expect(version.enforcesKeyValidity == (number >= 5))
        // v6: https://spec.matrix.org/v1.19/rooms/v6/#canonical-json
        #expect(version.enforcesCanonicalJSON == (number >= 6))
        #expect(version.maximumDepth == (number >= 6 ? 1 << 53 - 1 : .max))
        #expect(version.authorization.hasAliasesRule == (number < 6))
        #expect(version.authorization.checksNotificationLevels == (number >= 6))
        #expect(version.redaction.keepsAliases == (number < 6))
        // v7, v8, v9, v10: https://spec.matrix.org/v1.19/rooms/v10/#authorisation-rules
        #expect(version.authorization.allowsKnocking == (number >= 7))
        #expect(version.authorization.allowsRestrictedJoins == (number >= 8))
        #expect(version.redaction.keepsJoinRuleAllow == (number >= 8))
        #expect(version.redaction.keepsAuthorisingUser == (number >= 9))
        #expect(version.authorization.allowsKnockRestrictedJoins == (number >= 10))
        #expect(version.authorization.requiresIntegerPowerLevels == (number >= 10))
        // v11: https://spec.matrix.org/v1.19/rooms/v11/#redactions
        #expect(version.redaction.keepsHistoricalKeys == (number < 11))
        #expect(version.redaction.keepsVersion11Content == (number >= 11))
        #expect(version.hasRedactsInContent == (number >= 11))
        #expect(version.dropsLongKeys == (number >= 11))
        #expect(version.authorization.creatorIsSender == (number >= 11))
        // v12: https://spec.matrix.org/v1.19/rooms/v12/#server-implementation-components
        #expect(version.namesRoomByCreateEvent == (number >= 12))
        #expect(version.authorization.hasPrivilegedCreators == (number >= 12))
        #expect(version.authorization.impliesCreateEvent == (number >= 12))
    }
}
