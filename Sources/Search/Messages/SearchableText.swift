import MatrixCore
package import Storage

/// What is searched of events: bodies of messages, names and topics of rooms. Of encrypted events nothing.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#room_events
package enum SearchableText {
    /// In bytes; an event is not larger.
    private static let maxBytes = 65_536

    /// `nil` when there is nothing to be found.
    package static func entry(of event: SearchableEvent) -> SearchEntry? {
        guard let content = (try? JSONDocument(parsing: event.body))?["content"],
            let (key, text) = text(of: event.type, isState: event.isState, content)
        else { return nil }
        // The database does not take NUL.
        let clean = text.utf8.contains(0) ? text.filter { $0 != "\0" } : text
        guard !clean.isEmpty, clean.utf8.count <= maxBytes else { return nil }
        return SearchEntry(event: event, key: key, text: clean)
    }

    /// The text of an event's content that a search looks at.
    static func text(of type: String, isState: Bool, _ content: JSONView) -> (SearchKey, String)? {
        switch (type, isState) {
        case (EventType.message, false): content["body"]?.string.map { (.body, $0) }
        case (EventType.name, true): content["name"]?.string.map { (.name, $0) }
        case (EventType.topic, true): topic(content).map { (.topic, $0) }
        default: nil
        }
    }

    private static func topic(_ content: JSONView) -> String? {
        let plain = content["topic"]?.string
        let other = content["m.topic"]?["m.text"]?.array?.first { representation in
            representation["mimetype"].map { $0.stringEquals("text/plain") } ?? true
        }?["body"]?.string
        guard let other, other != plain else { return plain }
        return [plain, other].compactMap { $0 }.joined(separator: "\n")
    }

    /// The type of the events that a key is for.
    static func type(of key: SearchKey) -> String {
        switch key {
        case .body: EventType.message
        case .name: EventType.name
        case .topic: EventType.topic
        }
    }
}
