import MatrixCore
import Rooms
import Storage

/// A notification as a gateway is told it.
///
/// - Spec: https://spec.matrix.org/v1.19/push-gateway-api/#post_matrixpushv1notify
struct NotificationBody {
    /// The pusher, with what it said about itself.
    let pusher: PusherRecord
    let data: JSONDocument
    let unread: Int
    /// `nil` when only the count is told.
    var subject: Subject?

    /// What is told about an event.
    struct Subject {
        let eventID: EventID
        let roomID: RoomID
        let type: String
        let sender: UserID
        /// The content as it is served now.
        let content: JSONView
        let isTarget: Bool
        let tweaks: [String: JSONValue]
        var senderDisplayName: String?
        var roomName: String?
        var roomAlias: String?

        /// Sounds, highlights and what cannot be read by us should be shown at once; the rest may spare the battery.
        var isUrgent: Bool {
            type == EventType.encrypted || tweaks["sound"] != nil || tweaks["highlight"] == .bool(true)
        }
    }

    private var tellsOnlyIDs: Bool { data["format"]?.string == "event_id_only" }

    var bytes: [UInt8] {
        JSONWriter.write(reservingCapacity: 1024) { json in
            json.object { json in
                json.key("notification")
                json.object { json in
                    if let subject { write(subject, to: &json) }
                    json.key("counts")
                    json.object { if unread > 0 { $0.field("unread", unread) } }
                    json.key("devices")
                    json.array { writeDevice(to: &$0) }
                }
            }
        }
    }

    private func write(_ subject: Subject, to json: inout JSONWriter) {
        json.field("event_id", subject.eventID)
        json.field("room_id", subject.roomID)
        json.field("prio", subject.isUrgent ? "high" : "low")
        guard !tellsOnlyIDs else { return }
        json.field("type", subject.type)
        json.field("sender", subject.sender)
        json.field(optional: "sender_display_name", subject.senderDisplayName)
        json.field(optional: "room_name", subject.roomName)
        json.field(optional: "room_alias", subject.roomAlias)
        json.field("content", subject.content)
        guard subject.type == EventType.member else { return }
        json.field("user_is_target", subject.isTarget)
        // Not in the specification any more; gateways for older applications read it.
        json.field(optional: "membership", subject.content["membership"]?.string)
    }

    private func writeDevice(to json: inout JSONWriter) {
        json.object { json in
            json.field("app_id", pusher.key.appID)
            json.field("pushkey", pusher.key.pushkey)
            json.field("pushkey_ts", pusher.updatedAt / 1000)
            json.key("data")
            json.object { json in
                guard let members = data.root.object else { return }
                for (key, value) in members where key != "url" { json.field(key, value) }
            }
            guard let subject, !tellsOnlyIDs else { return }
            json.field("tweaks", .object(subject.tweaks))
        }
    }
}
