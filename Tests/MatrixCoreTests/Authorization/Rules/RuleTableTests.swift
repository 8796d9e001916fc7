import MatrixCore
import Testing

/// Each authorisation rule of each room version, by the number that its page gives it. A single one:
/// `swift test --filter RuleTableTests`, and look for `v10 4.3.4`.
///
/// - Spec: https://spec.matrix.org/v1.19/rooms/
@Suite struct RuleTableTests {
    @Test(arguments: RuleCase.trials) func holds(_ trial: RuleTrial) throws {
        let verdict = try trial.verdict()
        #expect(verdict.refusal?.rule == trial.entry.refusedBy, "\(trial.testDescription)")
    }

    /// The table of numbers is that of the pages: no rule of a page is left out, none is made up.
    @Test(arguments: RulePage.all.indices) func theTableHasTheRulesOfThePage(_ index: Int) {
        let page = RulePage.all[index]
        for version in page.versions {
            let numbers = Rule.allCases.compactMap { $0.number(in: version) }
            #expect(numbers.sorted() == page.numbers.sorted(), "v\(version)")
        }
    }

    @Test func thereIsAPageForEachVersion() {
        #expect(RulePage.all.flatMap(\.versions).map(\.identifier) == (1...12).map(String.init))
    }

    /// Each number of each page is proven by a case: one in which the rule speaks, not one in which it was passed by.
    @Test(arguments: RulePage.all.indices) func eachRuleOfThePageIsProven(_ index: Int) {
        let page = RulePage.all[index]
        for version in page.versions {
            let proven = Set(RuleCase.trials.filter { $0.version == version }.map(\.number))
            let missing = page.numbers.filter { !proven.contains($0) }
            #expect(missing.isEmpty, "v\(version)")
        }
    }

    /// A rule that says "reject" is proven by a refusal of that rule, in each version.
    @Test func refusingRulesRefuse() {
        let allowing: Set<Rule> = [
            .createOtherwise, .aliasesOtherwise, .joinCreator, .joinRestrictedInvited, .joinRestrictedAllowed,
            .joinPublic,
            .thirdKey, .thirdKeys, .inviteLevel, .leaveLevel, .banLevel, .knockMember, .powerFirst, .powerOtherwise,
            .redactionLevel, .redactionServer, .otherwise,
        ]
        for rule in Rule.allCases {
            let trials = RuleCase.trials.filter { $0.entry.rule == rule }
            let speaking =
                allowing.contains(rule)
                ? trials.filter { $0.entry.refusedBy == nil } : trials.filter { $0.entry.refusedBy == rule.refusal }
            #expect(Set(speaking.map(\.version)) == Set(trials.map(\.version)), "\(rule)")
        }
    }
}
