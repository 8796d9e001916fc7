package import HTTPAPI
package import Push

/// What the endpoints about notifications work with.
package struct PushEndpointServices: Sendable {
    package let rules: PushRules
    package let pushers: Pushers
    package let notifications: NotificationList

    package init(rules: PushRules, pushers: Pushers, notifications: NotificationList) {
        self.rules = rules
        self.pushers = pushers
        self.notifications = notifications
    }
}

/// The endpoints about notifications.
package enum PushEndpoints {
    package static let all: [any Endpoint<PushEndpointServices>.Type] = [
        GetPushRules.self, GetPushRulesGlobal.self, GetPushRule.self, SetPushRule.self, DeletePushRule.self,
        IsPushRuleEnabled.self, SetPushRuleEnabled.self, GetPushRuleActions.self, SetPushRuleActions.self,
        GetPushers.self, PostPusher.self, GetNotifications.self,
    ]
}
