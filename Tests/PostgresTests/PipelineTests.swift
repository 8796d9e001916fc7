import Testing

@testable import Postgres

private struct Failure: Error, Equatable {
    let text: String
    init(_ text: String) { self.text = text }
}

private typealias TestPipeline = Pipeline<String, Int, String, Failure>

/// An action as text, to compare.
private func text(_ action: TestPipeline.Action) -> String {
    switch action {
    case .nothing: "-"
    case .completed(let item, .success(let output)): "\(item)=\(output)"
    case .completed(let item, .failure(let failure)): "\(item)!\(failure.text)"
    case .notExecuted(let item): "again \(item)"
    case .stale(let item, let plan, _): "stale \(item) \(plan)"
    case .unprepared(let plan): "unprepared \(plan)"
    case .outOfStep: "out of step"
    }
}

@Suite struct PipelineTests {
    private func replies(to entries: [TestPipeline.Entry], _ replies: [TestPipeline.Reply]) -> [String] {
        var pipeline = TestPipeline()
        for entry in entries { pipeline.sent(entry) }
        return replies.map { text(pipeline.receive($0)) }
    }

    @Test func completesReadsAtTheirResult() {
        let seen = replies(
            to: [.prepare("p"), .execute("a", "p"), .execute("b", "p"), .sync],
            [.succeeded(0), .succeeded(1), .succeeded(2), .synced])
        #expect(seen == ["-", "a=1", "b=2", "-"])
    }

    @Test func completesAWriteOnlyAtItsSync() {
        let seen = replies(to: [.write("w", "p"), .sync], [.succeeded(1), .synced])
        #expect(seen == ["-", "w=1"])
    }

    @Test func failsAWriteWhoseCommitFails() {
        let seen = replies(
            to: [.write("w", "p"), .sync, .execute("r", "p"), .sync],
            [.succeeded(1), .failed(Failure("commit"), needsNewPlan: false), .synced, .succeeded(2), .synced])
        #expect(seen == ["-", "-", "w!commit", "r=2", "-"])
    }

    @Test func sendsAgainWhatANeighbourAborted() {
        let seen = replies(
            to: [.execute("a", "p"), .execute("b", "p"), .execute("c", "p"), .sync, .execute("d", "p"), .sync],
            [.succeeded(1), .failed(Failure("no"), needsNewPlan: false), .aborted, .synced, .succeeded(4), .synced])
        #expect(seen == ["a=1", "b!no", "again c", "-", "d=4", "-"])
    }

    @Test func failsTheStatementThatCannotBePreparedAndOnlyThat() {
        let seen = replies(
            to: [.prepare("p"), .execute("a", "p"), .prepare("q"), .execute("b", "q"), .sync],
            [.failed(Failure("syntax"), needsNewPlan: false), .aborted, .aborted, .aborted, .synced])
        #expect(seen == ["unprepared p", "a!syntax", "unprepared q", "again b", "-"])
    }

    @Test func namesThePlanThatIsStale() {
        let seen = replies(to: [.write("w", "p"), .sync], [.failed(Failure("x"), needsNewPlan: true), .synced])
        #expect(seen == ["stale w p", "-"])
    }

    @Test func noticesAnswersThatFitNothing() {
        #expect(replies(to: [], [.succeeded(1)]) == ["out of step"])
        #expect(replies(to: [.execute("a", "p"), .sync], [.synced]) == ["out of step"])
        #expect(replies(to: [.sync], [.succeeded(1)]) == ["out of step"])
    }

    @Test func givesBackAllThatIsUnansweredInOrder() {
        var pipeline = TestPipeline()
        for entry: TestPipeline.Entry in [
            .write("w", "p"), .sync, .prepare("q"), .execute("a", "q"), .execute("b", "q"), .sync,
        ] { pipeline.sent(entry) }
        _ = pipeline.receive(.succeeded(1))
        // The write was executed, but nobody knows whether it is committed.
        #expect(pipeline.takeUnanswered() == ["w", "a", "b"])
        #expect(pipeline.isEmpty)
    }
}
