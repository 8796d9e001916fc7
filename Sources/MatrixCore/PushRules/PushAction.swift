/// What a matching rule does.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#actions
package enum PushAction: Hashable, Sendable {
    case notify
    /// Sets a tweak; `highlight` without a value is `true`.
    case setTweak(String, value: JSONValue?)

    package static let defaultSound = PushAction.setTweak("sound", value: "default")
    package static let highlight = PushAction.setTweak("highlight", value: nil)

    /// Actions of older specifications, which mean nothing any more and must be passed over.
    private static let historical: Set<String> = ["dont_notify", "coalesce"]

    /// Reads a list of actions, leaving out the historical ones. `nil` when one is no action at all.
    package static func list(_ json: JSONValue) -> [PushAction]? {
        guard let elements = json.array else { return nil }
        var actions: [PushAction] = []
        for element in elements {
            if let name = element.string, historical.contains(name) { continue }
            guard let action = PushAction(element) else { return nil }
            actions.append(action)
        }
        return actions
    }

    private init?(_ json: JSONValue) {
        if json.string == "notify" {
            self = .notify
        } else if let tweak = json["set_tweak"]?.string {
            self = .setTweak(tweak, value: json["value"])
        } else {
            return nil
        }
    }

    package var json: JSONValue {
        switch self {
        case .notify: "notify"
        case .setTweak(let name, nil): ["set_tweak": .string(name)]
        case .setTweak(let name, let value?): ["set_tweak": .string(name), "value": value]
        }
    }
}
