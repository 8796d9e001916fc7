extension ValueType where Value == Bool {
    static var flag: ValueType {
        ValueType(
            allowed: "true or false",
            read: { place in
                guard let (text, isPlain) = place.scalar("true or false") else { return nil }
                switch (text, isPlain) {
                case ("true", true): return true
                case ("false", true): return false
                default:
                    place.refuse("expected true or false, found \(YAMLText.shortened(text))")
                    return nil
                }
            },
            write: { "\($0)" })
    }
}

extension ValueType where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> ValueType {
        let allowed = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        return ValueType(
            allowed: allowed,
            read: { place in
                guard let (text, isPlain) = place.scalar(allowed) else { return nil }
                guard isPlain, let number = Int(text), range.contains(number) else {
                    let hint = isPlain || Int(text) == nil ? "" : " (in quotes it is a text)"
                    place.refuse("expected \(allowed), found \(YAMLText.shortened(text))\(hint)")
                    return nil
                }
                return number
            },
            write: { "\($0)" })
    }
}

extension ValueType where Value == Double {
    static func number(above lowest: Double, upTo greatest: Double) -> ValueType {
        let allowed = "a number above \(lowest), at most \(greatest)"
        return ValueType(
            allowed: allowed,
            read: { place in
                guard let (text, isPlain) = place.scalar(allowed) else { return nil }
                guard isPlain, let number = Double(text), number > lowest, number <= greatest else {
                    place.refuse("expected \(allowed), found \(YAMLText.shortened(text))")
                    return nil
                }
                return number
            },
            write: { "\($0)" })
    }
}

extension ValueType where Value == Duration {
    static func seconds(_ range: ClosedRange<Int>) -> ValueType {
        let number = ValueType<Int>.integer(range)
        return ValueType(
            allowed: number.allowed,
            read: { place in number.read(place).map { .seconds($0) } },
            write: { "\($0.components.seconds)" })
    }
}

extension ValueType where Value == String {
    static func string(_ allowed: String = "a text") -> ValueType {
        text(allowed) { $0.isEmpty ? nil : $0 }
    }

    /// The path of a file or folder, made absolute from the folder of the configuration file.
    static var path: ValueType {
        ValueType(
            allowed: "a path",
            read: { place in
                guard let (text, _) = place.scalar("a path") else { return nil }
                guard !text.isEmpty, !text.utf8.contains(0) else {
                    place.refuse("expected a path")
                    return nil
                }
                return place.reading.resolve(text)
            },
            write: { $0 },
            settleDefault: { path, reading in reading.resolve(path) })
    }
}

extension ValueType where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of a few words.
    static var word: ValueType {
        let words = Value.allCases.map(\.rawValue)
        let allowed = "one of \(words.joined(separator: ", "))"
        return ValueType(
            allowed: allowed,
            read: { place in
                guard let (text, _) = place.scalar(allowed) else { return nil }
                guard let value = Value(rawValue: text) else {
                    let nearest = NearestName.of(text, among: words).map { "; did you mean \($0)?" } ?? ""
                    place.refuse("expected \(allowed), found \(YAMLText.shortened(text))\(nearest)")
                    return nil
                }
                return value
            },
            write: { $0.rawValue })
    }
}
