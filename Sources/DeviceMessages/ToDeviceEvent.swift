import MatrixCore

/// What messages of one sender and type have in common, in the forms in which they go out.
struct ToDeviceEvent {
    /// What one EDU holds at most, unless it is one message. Servers refuse requests of many megabytes.
    private static let maxEDUBytes = 65_536

    let sender: UserID
    let type: String

    /// The event as a device gets it.
    func body(_ content: [UInt8]) -> [UInt8] {
        JSONWriter.write(reservingCapacity: content.count + type.utf8.count + sender.description.utf8.count + 48) {
            $0.object {
                $0.field("content", raw: content)
                $0.field("sender", sender)
                $0.field("type", type)
            }
        }
    }

    /// The same for another server's users. Each EDU has a message id of its own, so that it does not matter when only some of them
    /// come again.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#definition-mdirect_to_device
    func edus(_ messages: [ToDeviceMessages.Message], messageID: () -> String) -> [[UInt8]] {
        var edus: [[UInt8]] = []
        var rest = messages[...]
        while !rest.isEmpty {
            var bytes = 0
            let some = rest.prefix { message in
                bytes += message.content.count + message.user.description.utf8.count + 64
                return bytes <= Self.maxEDUBytes
            }
            let chunk = some.isEmpty ? rest.prefix(1) : some
            rest = rest.dropFirst(chunk.count)
            edus.append(edu(chunk, messageID: messageID()))
        }
        return edus
    }

    private func edu(_ messages: ArraySlice<ToDeviceMessages.Message>, messageID: String) -> [UInt8] {
        let byUser = Dictionary(grouping: messages, by: \.user)
        return JSONWriter.write { json in
            json.object { json in
                json.field("edu_type", "m.direct_to_device")
                json.object(key: "content") { json in
                    json.field("sender", sender)
                    json.field("type", type)
                    json.field("message_id", messageID)
                    json.object(key: "messages") { json in
                        for (user, messages) in byUser {
                            json.object(key: user.description) { json in
                                for message in messages {
                                    json.field(message.deviceID ?? "*", raw: message.content)
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
