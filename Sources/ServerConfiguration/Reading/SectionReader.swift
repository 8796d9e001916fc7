/// Hands out the values of the keys of one section, and reports what in the section is no key of it.
struct SectionReader {
    private let place: Place
    private let documentation: [KeyDocumentation]
    private let written: [String: Place]

    /// `place` holds the section's table; a node that is none is reported, and reads like an empty one.
    init(_ place: Place, keys: [KeyDocumentation]) {
        self.place = place
        documentation = keys
        let entries = place.entries() ?? []
        written = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.place) })
        for (name, place) in entries where !keys.contains(where: { $0.name == name }) {
            reportUnknown(name, at: place)
        }
    }

    /// The value of a key, or its default when it is left out. `nil` after a report.
    func value<Value>(_ key: Key<Value>) -> Value? {
        assert(documentation.contains { $0.name == key.name }, "\(key.name) is read but not in the list of keys")
        if let found = written[key.name], !found.node.isNull { return key.type.read(found) }
        if let fallback = key.fallback { return key.type.settleDefault?(fallback, place.reading) ?? fallback }
        if let whenAbsent = key.type.readAbsent {
            let empty = YAMLNode(content: .mapping([]), line: place.line)
            return whenAbsent(Place(node: empty, line: place.line, key: path(of: key.name), reading: place.reading))
        }
        place.reading.report(Mistake(line: place.line, key: path(of: key.name), message: "missing"))
        return nil
    }

    /// Reports something wrong about a key that its type alone cannot see.
    func refuse(_ name: String, _ message: String) {
        let line = written[name]?.line ?? place.line
        place.reading.report(Mistake(line: line, key: path(of: name), message: message))
    }

    private func path(of name: String) -> String {
        place.key.isEmpty ? name : "\(place.key).\(name)"
    }

    private func reportUnknown(_ name: String, at found: Place) {
        guard !place.reading.isFull else { return }
        let known = documentation.map(\.name)
        if let nearest = NearestName.of(name, among: known) {
            found.refuse("unknown key; did you mean \(path(of: nearest))?")
        } else if let home = ServerConfiguration.documentation.paths(endingIn: name).first {
            found.refuse("unknown key here; did you mean \(home)?")
        } else {
            found.refuse("unknown key; known here: \(known.sorted().joined(separator: ", "))")
        }
    }
}

extension SectionReader {
    /// The values of several keys, or `nil` when one of them was reported. All of them are read in any case, so that
    /// all that is wrong is reported.
    func values<each Value: Sendable>(_ key: repeat Key<each Value>) -> (repeat each Value)? {
        let read = (repeat value(each key))
        for found in repeat each read {
            if case .none = found { return nil }
        }
        return (repeat (each read)!)
    }
}
