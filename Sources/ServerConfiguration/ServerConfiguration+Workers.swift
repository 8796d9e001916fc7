extension ServerConfiguration {
    /// The entry of the worker that an executable was told to be.
    ///
    /// - Throws: what keeps it from being that one: there is no such entry, it has another role, or the file lacks what
    ///   separate workers need.
    package func worker(
        named name: String, role: WorkerRole, file: String
    ) throws(ConfigurationMistakes) -> Worker {
        var mistakes: [Mistake] = []
        func refuse(_ key: String, _ message: String) {
            mistakes.append(Mistake(line: 0, key: key, message: message))
        }
        let entry = worker(named: name)
        if let entry, entry.role != role {
            refuse("workers.\(name)", "has the role \(entry.role.rawValue), and this program is a \(role.rawValue)")
        } else if entry == nil {
            let known = workers.filter { $0.role == role }.map(\.name)
            let nearest = NearestName.of(name, among: known).map { "; did you mean \($0)?" } ?? ""
            refuse("workers", "there is no worker named \(YAMLText.shortened(name))\(nearest)")
        }
        if redis == nil {
            refuse("redis", "missing: separate workers wake each other through Redis (only `apus serve` does without)")
        }
        guard let entry, mistakes.isEmpty else { throw ConfigurationMistakes(file: file, mistakes: mistakes) }
        return entry
    }
}
