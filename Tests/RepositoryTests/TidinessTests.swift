import Testing

/// The rules of style that a program can see. A rule holds for all of `Sources`, apart from the files that a list under
/// `Fixtures` names with a reason.
@Suite struct TidinessTests {
    @Test func timeAndChanceComeFromOnePlace() throws {
        let pattern =
            #/\bDate\(\)|\bDate\.now\b|\bUUID\(\)|\.random\(|\.randomElement\(|\.shuffled?\((?!using:)|\bSystemRandomNumberGenerator\b|(?:Continuous|Suspending)Clock(?:\(\))?\.now\b|\bDispatchTime\.now\b|\bclock_gettime\(|\bgettimeofday\(|\brandombytes_(?:buf|random|uniform)\(|\bRAND_bytes\(|\bgetrandom\(|\bgetentropy\(/#
        let words: Set<String> = [
            "Date", "UUID", "random", "randomElement", "shuffle", "shuffled", "SystemRandomNumberGenerator",
            "ContinuousClock",
            "SuspendingClock", "DispatchTime", "clock_gettime", "gettimeofday", "randombytes_buf", "randombytes_random",
            "randombytes_uniform", "RAND_bytes", "getrandom", "getentropy",
        ]
        try expectNone(
            of: pattern, with: words, exceptIn: "clocks-and-generators.txt", "use the injected clock or generator")
    }

    @Test func nothingPrintsOrDies() throws {
        let pattern = #/(?:^|[^\w.])(?:print|debugPrint|dump|fatalError|preconditionFailure)\(|\btry!|\bas!\s/#
        let words: Set<String> = ["print", "debugPrint", "dump", "fatalError", "preconditionFailure", "try", "as"]
        try expectNone(of: pattern, with: words, exceptIn: "consoles.txt", "log it, throw it, or make it impossible")
    }

    @Test func unstructuredTasksHaveOwners() throws {
        let pattern =
            #/\bTask(?:<[^>]*>)?(?:\.detached|\.immediate)?\s*(?:\(priority:[^)]*\)|\(name:[^)]*\))?\s*\{|\bDispatchQueue\b|\bThread\(|\bpthread_create\(/#
        let words: Set<String> = ["Task", "DispatchQueue", "Thread", "pthread_create"]
        try expectNone(
            of: pattern, with: words, exceptIn: "unstructured-tasks.txt", "use a task group, or give the task an owner")
    }

    @Test func queriesLiveInStorage() throws {
        let pattern =
            #/^\s*(?:SELECT\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|CREATE\s+(?:TABLE|INDEX|FUNCTION|DATABASE)|ALTER\s|DROP\s|TRUNCATE\s|WITH\s+\w+\s+AS\s|LOCK\s+TABLE|COPY\s)/#
        // ApusTesting makes and drops the databases of tests.
        let homes: Set<String> = ["Storage", "ApusTesting"]
        var found: [String] = []
        for file in try SourceTree.sources.get() where !homes.contains(file.module) {
            for string in file.swift.strings where string.text.contains(pattern) {
                found.append("\(file.path):\(string.line): SQL outside of Storage")
            }
        }
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    @Test func nothingIsLeftForLater() throws {
        let marks = ["TODO", "FIXME", "XXX:", "HACK:"]
        var found: [String] = []
        for file in try SourceTree.sources.get() + SourceTree.tests.get()
        where !file.path.hasSuffix("TidinessTests.swift") {
            for comment in file.swift.comments where marks.contains(where: comment.text.contains) {
                found.append("\(file.path):\(comment.line): \(comment.text)")
            }
        }
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    @Test func namesSayWhatThingsAre() throws {
        let endings = ["Util", "Utils", "Utilities", "Helper", "Helpers", "Manager", "Base"]
        let pattern =
            #/\b(?:class|struct|enum|actor|protocol)\s+\w*(?:Util|Utils|Utilities|Helper|Helpers|Manager|Base)\b/#
        let words = try SourceTree.sources.get().flatMap(\.swift.words)
            .filter { word in endings.contains { word.hasSuffix($0) } }
        try expectNone(of: pattern, with: Set(words), exceptIn: nil, "name it for what it does")
    }

    @Test func theListsOfExceptionsAreTrue() throws {
        let paths = Set(try SourceTree.sources.get().map(\.path))
        for list in ["clocks-and-generators.txt", "consoles.txt", "unstructured-tasks.txt"] {
            for line in try SourceTree.list(list) {
                let parts = line.split(separator: " - ", maxSplits: 1)
                #expect(parts.count == 2, "\(list): \(line): give the path and, after ' - ', why")
                #expect(paths.contains(parts.first.map(String.init) ?? ""), "\(list): \(line): there is no such file")
            }
        }
    }

    private func expectNone(
        of pattern: some RegexComponent, with words: Set<String>, exceptIn list: String?, _ advice: String
    ) throws {
        let exceptions = Set(
            try list.map(SourceTree.list)?.compactMap { $0.split(separator: " ").first.map(String.init) } ?? [])
        var found: [String] = []
        for file in try SourceTree.sources.get() where !exceptions.contains(file.path) {
            // Regular expressions are slow, and most files have no word of most rules.
            guard !file.swift.words.isDisjoint(with: words) else { continue }
            for line in file.swift.lines where line.text.contains(pattern) {
                found.append("\(file.path):\(line.line): \(line.text.drop { $0 == " " })")
            }
        }
        #expect(found.isEmpty, "\(advice):\n\(found.joined(separator: "\n"))")
    }
}
