extension AuthRules {
    /// The keys of the state whose events, as far as there are any, are an event's auth events, each once.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#auth-events-selection
    package func selection(for event: Event) -> [StateKey] {
        selection(type: event.type, stateKey: event.stateKey, sender: event.sender, content: event.content)
    }

    /// The same for an event that is still to be made.
    package func selection(type: String, stateKey: String?, sender: UserID, content: JSONView) -> [StateKey] {
        if type == EventType.create { return [] }
        var keys: [StateKey] = []
        // v12: the create event is implied by the room id.
        if !version.authorization.impliesCreateEvent { keys.append(.create) }
        keys += [.powerLevels, .member(sender)]
        guard type == EventType.member, let stateKey else { return keys }
        let target = StateKey(EventType.member, stateKey)
        if target != .member(sender) { keys.append(target) }
        let membership = content["membership"]?.string
        if membership == "join" || membership == "invite" || membership == "knock" { keys.append(.joinRules) }
        if membership == "invite", let token = content["third_party_invite"]?["signed"]?["token"]?.string {
            keys.append(StateKey(EventType.thirdPartyInvite, token))
        }
        if membership == "join", version.authorization.allowsRestrictedJoins,
            let authorisingUser = content["join_authorised_via_users_server"]?.string
        {
            let authorising = StateKey(EventType.member, authorisingUser)
            if !keys.contains(authorising) { keys.append(authorising) }
        }
        return keys
    }
}
