import MatrixCore
import Testing

/// What one rule says in one situation, in all versions that have the rule or in some of them.
struct RuleCase: Sendable {
    let rule: Rule
    let situation: String
    /// The first and the last version, by their numbers.
    let versions: ClosedRange<Int>
    /// The rule that refuses, as refusals name it; `nil` when the event is allowed.
    let refusedBy: String?
    /// Content of the room's create event.
    let create: JSONValue
    let hasPowerLevels: Bool
    let judge: @Sendable (inout AuthScene) throws -> AuthVerdict

    /// The event that is made is allowed in the scene.
    static func allow(
        _ rule: Rule, _ situation: String, in versions: ClosedRange<Int> = 1...12, create: JSONValue = [:],
        hasPowerLevels: Bool = true, _ event: @escaping @Sendable (inout AuthScene) throws -> Event
    ) -> RuleCase {
        RuleCase(
            rule: rule, situation: situation, versions: versions, refusedBy: nil, create: create,
            hasPowerLevels: hasPowerLevels
        ) { scene in
            let event = try event(&scene)
            return scene.check(event)
        }
    }

    /// The event that is made is refused in the scene.
    ///
    /// - Parameter other: the rule that says so, when it is another one than that whose end is reached here.
    static func refuse(
        _ rule: Rule, _ situation: String, in versions: ClosedRange<Int> = 1...12, by other: String? = nil,
        create: JSONValue = [:], hasPowerLevels: Bool = true,
        _ event: @escaping @Sendable (inout AuthScene) throws -> Event
    ) -> RuleCase {
        RuleCase(
            rule: rule, situation: situation, versions: versions, refusedBy: other ?? rule.refusal, create: create,
            hasPowerLevels: hasPowerLevels
        ) { scene in
            let event = try event(&scene)
            return scene.check(event)
        }
    }

    /// All cases in all versions that they are of.
    static let trials: [RuleTrial] = {
        let versions: [RoomVersion] = [.v1, .v2, .v3, .v4, .v5, .v6, .v7, .v8, .v9, .v10, .v11, .v12]
        return all.flatMap { entry in
            entry.versions.compactMap { number in
                let version = versions[number - 1]
                return entry.rule.number(in: version).map { RuleTrial(entry: entry, version: version, number: $0) }
            }
        }
    }()

    private static let all =
        createRules + authEventRules + joinRules + restrictedRules + inviteRules + thirdPartyRules + leaveRules
        + knockRules + sendingRules + powerFormRules + powerChangeRules
}

/// One case in one version.
struct RuleTrial: Sendable, CustomTestStringConvertible {
    let entry: RuleCase
    let version: RoomVersion
    /// Of the rule on the version's page.
    let number: String

    var testDescription: String {
        "v\(version) \(number) \(entry.rule): \(entry.situation): \(entry.refusedBy == nil ? "allowed" : "refused")"
    }

    func verdict() throws -> AuthVerdict {
        var scene = try AuthScene(version, create: entry.create, hasPowerLevels: entry.hasPowerLevels)
        return try entry.judge(&scene)
    }
}
