import Testing

@Suite struct LayeringTests {
    @Test func importsPointDownOnly() throws {
        var found: [String] = []
        for file in try SourceTree.sources.get() {
            guard let rule = Layers.table[file.module] else {
                found.append("\(file.path): \(file.module) is not in the table of layers")
                continue
            }
            let foundation: Set<String> = file.module == "MatrixCore" ? [] : [Layers.essentials]
            let allowed = rule.modules.union(rule.packages).union(Layers.everywhere).union(foundation)
            for (line, module) in imports(file.swift) where !allowed.contains(module) {
                found.append("\(file.path):\(line): \(file.module) may not import \(module)")
            }
        }
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    @Test func theTableHasNoCycle() {
        var done: Set<String> = []
        var waiting = Layers.table
        while !waiting.isEmpty {
            let free = waiting.filter { $0.value.modules.allSatisfy { done.contains($0) || Layers.table[$0] == nil } }
                .keys
            guard !free.isEmpty else {
                Issue.record("these rest on each other: \(waiting.keys.sorted())")
                return
            }
            for module in free { waiting[module] = nil }
            done.formUnion(free)
        }
    }

    @Test func endpointsReachNoStorageAndNoSocket() {
        for (module, rule) in Layers.table where module.hasSuffix("Endpoints") {
            #expect(
                rule.modules.isDisjoint(with: ["Storage", "Cluster", "Postgres", "Redis", "Reactor", "Transport"]),
                "\(module)")
        }
    }

    @Test func readsImportsOfEveryForm() {
        let text = """
            import A
            package import B
            @preconcurrency public import C
            import struct D.Thing
            @_spi(X) internal import E.F
            // import No
            let important = 1
            """
        #expect(imports(SwiftText(text)).map(\.module) == ["A", "B", "C", "D", "E"])
        #expect(imports(SwiftText(text)).map(\.line) == [1, 2, 3, 4, 5])
    }

    private func imports(_ text: SwiftText) -> [(line: Int, module: String)] {
        let pattern =
            #/^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:typealias|struct|class|enum|protocol|let|var|func|actor)\s+)?(?<module>\w+)/#
        return text.lines.filter { $0.text.contains("import ") }.compactMap { line in
            line.text.firstMatch(of: pattern).map { (line.line, String($0.output.module)) }
        }
    }
}
