import MatrixCore

/// A rule of the specification that has no rules below it, whatever number it has on the page of a room version.
enum Rule: String, CaseIterable, Sendable {
    case createFollowsNothing, createRoom, createVersion, createCreator, createAdditional, createOtherwise
    case roomIsCreated
    case authTwice, authUnselected, authRejected, authNoCreate, authOtherRoom
    case federate
    case aliasesKey, aliasesServer, aliasesOtherwise
    case memberForm, memberAuthoriser
    case joinCreator, joinSender, joinBanned, joinInvited, joinRestrictedInvited, joinRestrictedUser
    case joinRestrictedAllowed, joinPublic, joinOtherwise
    case thirdBanned, thirdSigned, thirdMembers, thirdUser, thirdOffer, thirdSender, thirdKey, thirdKeys, thirdOtherwise
    case inviteSender, inviteTarget, inviteLevel, inviteOtherwise
    case leaveOneself, leaveSender, leaveBanned, leaveLevel, leaveOtherwise
    case banSender, banLevel, banOtherwise
    case knockRule, knockSender, knockMember, knockOtherwise
    case memberOtherwise
    case outsider, offer, requiredLevel, stateKeyUser
    case powerNumbers, powerEntries, powerUsers, powerCreators, powerFirst
    case powerOldLevel, powerNewLevel, powerOldEntry, powerNewEntry, powerOldUser, powerNewUser, powerOtherwise
    case redactionLevel, redactionServer, redactionOtherwise
    case otherwise

    /// The number on the page of a version; `nil` when it has no such rule.
    func number(in version: RoomVersion) -> String? {
        guard let column = RulePage.all.firstIndex(where: { $0.versions.contains(version) }) else { return nil }
        return Self.numbers[self]?[column]
    }

    /// How refusals name the rule.
    var refusal: String {
        switch self {
        case .createCreator: "1.4 (v1-v10)"
        case .authNoCreate: "2.4 (v1-v11)"
        case .aliasesKey: "4.1 (v1-v5)"
        case .aliasesServer: "4.2 (v1-v5)"
        case .redactionOtherwise: "11.3 (v1-v2)"
        default: number(in: .v12) ?? rawValue
        }
    }

    private static let numbers: [Rule: [String?]] = {
        var numbers: [Rule: [String?]] = [:]
        for line in table.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard let rule = Rule(rawValue: words[0]) else { continue }
            numbers[rule] = words.dropFirst().map { $0 == "-" ? nil : $0 }
        }
        return numbers
    }()

    /// The columns are those of ``RulePage/all``.
    private static let table = """
        createFollowsNothing  1.1       1.1       1.1       1.1       1.1       1.1       1.1       1.1
        createRoom            1.2       1.2       1.2       1.2       1.2       1.2       1.2       1.2
        createVersion         1.3       1.3       1.3       1.3       1.3       1.3       1.3       1.3
        createCreator         1.4       1.4       1.4       1.4       1.4       1.4       -         -
        createAdditional      -         -         -         -         -         -         -         1.4
        createOtherwise       1.5       1.5       1.5       1.5       1.5       1.5       1.4       1.5
        roomIsCreated         -         -         -         -         -         -         -         2
        authTwice             2.1       2.1       2.1       2.1       2.1       2.1       2.1       3.1
        authUnselected        2.2       2.2       2.2       2.2       2.2       2.2       2.2       3.2
        authRejected          2.3       2.3       2.3       2.3       2.3       2.3       2.3       3.3
        authNoCreate          2.4       2.4       2.4       2.4       2.4       2.4       2.4       -
        authOtherRoom         2.5       2.5       2.5       2.5       2.5       2.5       2.5       3.5
        federate              3         3         3         3         3         3         3         4
        aliasesKey            4.1       4.1       -         -         -         -         -         -
        aliasesServer         4.2       4.2       -         -         -         -         -         -
        aliasesOtherwise      4.3       4.3       -         -         -         -         -         -
        memberForm            5.1       5.1       4.1       4.1       4.1       4.1       4.1       5.1
        memberAuthoriser      -         -         -         -         4.2.1     4.2.1     4.2.1     5.2.1
        joinCreator           5.2.1     5.2.1     4.2.1     4.2.1     4.3.1     4.3.1     4.3.1     5.3.1
        joinSender            5.2.2     5.2.2     4.2.2     4.2.2     4.3.2     4.3.2     4.3.2     5.3.2
        joinBanned            5.2.3     5.2.3     4.2.3     4.2.3     4.3.3     4.3.3     4.3.3     5.3.3
        joinInvited           5.2.4     5.2.4     4.2.4     4.2.4     4.3.4     4.3.4     4.3.4     5.3.4
        joinRestrictedInvited -         -         -         -         4.3.5.1   4.3.5.1   4.3.5.1   5.3.5.1
        joinRestrictedUser    -         -         -         -         4.3.5.2   4.3.5.2   4.3.5.2   5.3.5.2
        joinRestrictedAllowed -         -         -         -         4.3.5.3   4.3.5.3   4.3.5.3   5.3.5.3
        joinPublic            5.2.5     5.2.5     4.2.5     4.2.5     4.3.6     4.3.6     4.3.6     5.3.6
        joinOtherwise         5.2.6     5.2.6     4.2.6     4.2.6     4.3.7     4.3.7     4.3.7     5.3.7
        thirdBanned           5.3.1.1   5.3.1.1   4.3.1.1   4.3.1.1   4.4.1.1   4.4.1.1   4.4.1.1   5.4.1.1
        thirdSigned           5.3.1.2   5.3.1.2   4.3.1.2   4.3.1.2   4.4.1.2   4.4.1.2   4.4.1.2   5.4.1.2
        thirdMembers          5.3.1.3   5.3.1.3   4.3.1.3   4.3.1.3   4.4.1.3   4.4.1.3   4.4.1.3   5.4.1.3
        thirdUser             5.3.1.4   5.3.1.4   4.3.1.4   4.3.1.4   4.4.1.4   4.4.1.4   4.4.1.4   5.4.1.4
        thirdOffer            5.3.1.5   5.3.1.5   4.3.1.5   4.3.1.5   4.4.1.5   4.4.1.5   4.4.1.5   5.4.1.5
        thirdSender           5.3.1.6   5.3.1.6   4.3.1.6   4.3.1.6   4.4.1.6   4.4.1.6   4.4.1.6   5.4.1.6
        thirdKey              5.3.1.7.1 5.3.1.7.1 4.3.1.7.1 4.3.1.7.1 4.4.1.7.1 4.4.1.7.1 4.4.1.7.1 5.4.1.7.1
        thirdKeys             5.3.1.7.2 5.3.1.7.2 4.3.1.7.2 4.3.1.7.2 4.4.1.7.2 4.4.1.7.2 4.4.1.7.2 5.4.1.7.2
        thirdOtherwise        5.3.1.8   5.3.1.8   4.3.1.8   4.3.1.8   4.4.1.8   4.4.1.8   4.4.1.8   5.4.1.8
        inviteSender          5.3.2     5.3.2     4.3.2     4.3.2     4.4.2     4.4.2     4.4.2     5.4.2
        inviteTarget          5.3.3     5.3.3     4.3.3     4.3.3     4.4.3     4.4.3     4.4.3     5.4.3
        inviteLevel           5.3.4     5.3.4     4.3.4     4.3.4     4.4.4     4.4.4     4.4.4     5.4.4
        inviteOtherwise       5.3.5     5.3.5     4.3.5     4.3.5     4.4.5     4.4.5     4.4.5     5.4.5
        leaveOneself          5.4.1     5.4.1     4.4.1     4.4.1     4.5.1     4.5.1     4.5.1     5.5.1
        leaveSender           5.4.2     5.4.2     4.4.2     4.4.2     4.5.2     4.5.2     4.5.2     5.5.2
        leaveBanned           5.4.3     5.4.3     4.4.3     4.4.3     4.5.3     4.5.3     4.5.3     5.5.3
        leaveLevel            5.4.4     5.4.4     4.4.4     4.4.4     4.5.4     4.5.4     4.5.4     5.5.4
        leaveOtherwise        5.4.5     5.4.5     4.4.5     4.4.5     4.5.5     4.5.5     4.5.5     5.5.5
        banSender             5.5.1     5.5.1     4.5.1     4.5.1     4.6.1     4.6.1     4.6.1     5.6.1
        banLevel              5.5.2     5.5.2     4.5.2     4.5.2     4.6.2     4.6.2     4.6.2     5.6.2
        banOtherwise          5.5.3     5.5.3     4.5.3     4.5.3     4.6.3     4.6.3     4.6.3     5.6.3
        knockRule             -         -         -         4.6.1     4.7.1     4.7.1     4.7.1     5.7.1
        knockSender           -         -         -         4.6.2     4.7.2     4.7.2     4.7.2     5.7.2
        knockMember           -         -         -         4.6.3     4.7.3     4.7.3     4.7.3     5.7.3
        knockOtherwise        -         -         -         4.6.4     4.7.4     4.7.4     4.7.4     5.7.4
        memberOtherwise       5.6       5.6       4.6       4.7       4.8       4.8       4.8       5.8
        outsider              6         6         5         5         5         5         5         6
        offer                 7.1       7.1       6.1       6.1       6.1       6.1       6.1       7.1
        requiredLevel         8         8         7         7         7         7         7         8
        stateKeyUser          9         9         8         8         8         8         8         9
        powerNumbers          -         -         -         -         -         9.1       9.1       10.1
        powerEntries          -         -         -         -         -         9.2       9.2       10.2
        powerUsers            10.1      10.1      9.1       9.1       9.1       9.3       9.3       10.3
        powerCreators         -         -         -         -         -         -         -         10.4
        powerFirst            10.2      10.2      9.2       9.2       9.2       9.4       9.4       10.5
        powerOldLevel         10.3.1    10.3.1    9.3.1     9.3.1     9.3.1     9.5.1     9.5.1     10.6.1
        powerNewLevel         10.3.2    10.3.2    9.3.2     9.3.2     9.3.2     9.5.2     9.5.2     10.6.2
        powerOldEntry         10.4.1    10.4.1    9.4.1     9.4.1     9.4.1     9.6.1     9.6.1     10.7.1
        powerNewEntry         10.5.1    10.5.1    9.5.1     9.5.1     9.5.1     9.7.1     9.7.1     10.8.1
        powerOldUser          10.6.1    10.6.1    9.6.1     9.6.1     9.6.1     9.8.1     9.8.1     10.9.1
        powerNewUser          10.7.1    10.7.1    9.7.1     9.7.1     9.7.1     9.9.1     9.9.1     10.10.1
        powerOtherwise        10.8      10.8      9.8       9.8       9.8       9.10      9.10      10.11
        redactionLevel        11.1      -         -         -         -         -         -         -
        redactionServer       11.2      -         -         -         -         -         -         -
        redactionOtherwise    11.3      -         -         -         -         -         -         -
        otherwise             12        11        10        10        10        10        10        11
        """
}
