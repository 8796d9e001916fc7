extension RoomVersion {
    package static let v1 = RoomVersion(identifier: "1")

    package static let v2 = v1.successor("2") { $0.stateResolution = .v2 }

    package static let v3 = v2.successor("3") {
        $0.eventIDFormat = .hash
        $0.authorization.hasRedactionRule = false
    }

    package static let v4 = v3.successor("4") { $0.eventIDFormat = .urlSafeHash }

    package static let v5 = v4.successor("5") { $0.enforcesKeyValidity = true }

    package static let v6 = v5.successor("6") {
        $0.enforcesCanonicalJSON = true
        $0.redaction.keepsAliases = false
        $0.authorization.hasAliasesRule = false
        $0.authorization.checksNotificationLevels = true
    }

    package static let v7 = v6.successor("7") { $0.authorization.allowsKnocking = true }

    package static let v8 = v7.successor("8") {
        $0.redaction.keepsJoinRuleAllow = true
        $0.authorization.allowsRestrictedJoins = true
    }

    package static let v9 = v8.successor("9") { $0.redaction.keepsAuthorisingUser = true }

    package static let v10 = v9.successor("10") {
        $0.authorization.allowsKnockRestrictedJoins = true
        $0.authorization.requiresIntegerPowerLevels = true
    }

    package static let v11 = v10.successor("11") {
        $0.dropsLongKeys = true
        $0.hasRedactsInContent = true
        $0.redaction.keepsHistoricalKeys = false
        $0.redaction.keepsVersion11Content = true
        $0.authorization.creatorIsSender = true
    }

    package static let v12 = v11.successor("12") {
        $0.namesRoomByCreateEvent = true
        $0.authorization.hasPrivilegedCreators = true
        $0.authorization.impliesCreateEvent = true
        $0.stateResolution = .v2_1
    }

    /// All versions that this server can take part in, oldest first.
    package static let supported: [RoomVersion] = [v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12]

    /// The version of new rooms unless the configuration or the client says otherwise.
    package static let `default` = v12

    private static let byIdentifier = Dictionary(uniqueKeysWithValues: supported.map { ($0.identifier, $0) })

    /// The supported version of that name, or `nil`. Names are opaque: `"01"` is not version 1.
    package init?(_ identifier: String) {
        guard let known = Self.byIdentifier[identifier] else { return nil }
        self = known
    }

    /// The identifiers of all supported versions, as `make_join` lists them (`ver`).
    package static var supportedIdentifiers: [String] { supported.map(\.identifier) }
}
