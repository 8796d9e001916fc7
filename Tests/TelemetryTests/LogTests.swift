import Logging
import Telemetry
import Testing

@Suite struct LogTests {
    private func makeLog(_ format: LogFormat, level: Logger.Level = .info) -> (Log, MemorySink, LogOutput) {
        let sink = MemorySink()
        let output = LogOutput(
            sink: sink, format: format, level: level, clock: ManualClock(nowMilliseconds: 1_709_210_096_789))
        return (Log(label: "test", output: output), sink, output)
    }

    @Test func writesOneTextLineWithSortedFields() {
        let (log, sink, _) = makeLog(.text)
        log.with(.requestID, "r1").info("user logged in", [.userID: "@a:b", .count: "2"])
        #expect(sink.lines == ["2024-02-29T12:34:56.789Z info test: user logged in count=2 request_id=r1 user_id=@a:b"])
    }

    @Test func escapesWhatCouldForgeALineOrATerminalCode() {
        let (log, sink, _) = makeLog(.text)
        log.warning("refused", [.userID: "a\n2024 info x: forged", .path: "\u{1b}[31m \"q\" \u{202e}"])
        #expect(sink.lines.count == 1)
        #expect(
            sink.lines[0].hasSuffix(
                #"refused path="\u001b[31m \"q\" \u202e" user_id="a\n2024 info x: forged""#))
    }

    @Test func writesJSON() {
        let (log, sink, _) = makeLog(.json)
        log.error("bad \"thing\"", [.cause: "tab\there"])
        #expect(
            sink.lines == [
                #"{"time":"2024-02-29T12:34:56.789Z","level":"error","label":"test","message":"bad \"thing\"","cause":"tab\u0009here"}"#
            ])
    }

    @Test func cutsLongValues() {
        let (log, sink, _) = makeLog(.text)
        log.info("long", [.path: String(repeating: "x", count: 100_000)])
        #expect(sink.lines[0].utf8.count < 2300)
    }

    @Test func levelChangesForLoggersThatExist() {
        let (log, sink, output) = makeLog(.text)
        var computed = 0
        func fields() -> [LogKey: String] {
            computed += 1
            return [:]
        }
        log.debug("hidden", fields())
        #expect(sink.lines.isEmpty && computed == 0)
        output.level = .debug
        log.debug("shown", fields())
        #expect(sink.lines.count == 1 && computed == 1)
    }

    @Test func relabellingKeepsBoundFields() {
        let (log, sink, _) = makeLog(.text)
        log.with(.worker, "w1").labelled("other").info("hello")
        #expect(sink.lines[0].hasSuffix("info other: hello worker=w1"))
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"), (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
    ])
    func datesAreRight(milliseconds: Int64, expected: String) {
        let sink = MemorySink()
        let clock = ManualClock(nowMilliseconds: milliseconds)
        Log(label: "t", output: LogOutput(sink: sink, format: .text, level: .info, clock: clock)).info("x")
        #expect(sink.lines == ["\(expected) info t: x"])
    }
}
